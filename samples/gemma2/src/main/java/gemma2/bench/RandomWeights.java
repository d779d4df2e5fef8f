package gemma2.bench;

import gemma2.math.Dtype;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.SplittableRandom;

/**
 * Stored numbers of random sign, random mantissa and one of four exponents, several from each draw
 * of 64 bits: sizes from 2^-8 to 2^-4, 0.03 in the root mean square, all finite. That is about what
 * trained matrices hold, and near zero for norms, whose gain is one plus the weight.
 */
final class RandomWeights {

  private final SplittableRandom random;

  /** The sign, the two lowest exponent bits and the mantissa of every number in eight bytes. */
  private final long kept;

  /** The exponent of 2^-8 in every number of eight bytes; three may be added without a carry. */
  private final long smallest;

  RandomWeights(Dtype dtype, long seed) {
    this.random = new SplittableRandom(seed);
    switch (dtype) {
      case F32 -> {
        kept = 0x81FF_FFFF_81FF_FFFFL;
        smallest = 0x3B80_0000_3B80_0000L;
      }
      case F16 -> {
        kept = 0x8FFF_8FFF_8FFF_8FFFL;
        smallest = 0x1C00_1C00_1C00_1C00L;
      }
      case BF16 -> {
        kept = 0x81FF_81FF_81FF_81FFL;
        smallest = 0x3B80_3B80_3B80_3B80L;
      }
      default -> throw new IllegalArgumentException("No weights are drawn in " + dtype + ".");
    }
  }

  /** Fills a little-endian buffer of a multiple of eight bytes, from its beginning to its end. */
  void fill(ByteBuffer buffer) {
    if (buffer.order() != ByteOrder.LITTLE_ENDIAN) {
      throw new IllegalArgumentException("Stored numbers are little-endian.");
    }
    buffer.clear();
    for (int at = 0; at < buffer.capacity(); at += Long.BYTES) {
      buffer.putLong(at, (random.nextLong() & kept) + smallest);
    }
  }
}
