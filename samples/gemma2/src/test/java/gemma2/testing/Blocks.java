package gemma2.testing;

import gemma2.math.Dtype;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * The block formats of GGUF: blocks of random bits, blocks made from numbers in a simple way, and
 * what a number in a block is, by the definition of the format, one number at a time.
 */
public final class Blocks {

  private Blocks() {}

  /** Blocks of every bit pattern, their fp16 scales finite, of either sign and any size. */
  public static byte[] random(Dtype dtype, int blocks, SplittableRandom random) {
    byte[] bytes = new byte[blocks * dtype.blockBytes()];
    random.nextBytes(bytes);
    ByteBuffer buffer = buffer(bytes);
    for (int block = 0; block < blocks; block++) {
      for (int at : scales(dtype)) {
        // Exponents up to 14 of 30: zeros and subnormal numbers to below one.
        int bits = random.nextInt(15) << 10 | random.nextInt(1 << 10);
        int sign = random.nextInt(2) << 15;
        buffer.putShort(block * dtype.blockBytes() + at, (short) (bits | sign));
      }
    }
    return bytes;
  }

  /** Where in a block its fp16 scales stand. */
  public static int[] scales(Dtype dtype) {
    return switch (dtype) {
      case Q8_0, Q4_0 -> new int[] {0};
      case Q4_K -> new int[] {0, 2};
      case Q6_K -> new int[] {208};
      default -> throw new IllegalArgumentException(dtype + " has no blocks");
    };
  }

  /** The number at {@code index} of blocks that lie one after the other. */
  public static double number(Dtype dtype, byte[] blocks, int index) {
    ByteBuffer block =
        buffer(blocks)
            .slice(index / dtype.blockLength() * dtype.blockBytes(), dtype.blockBytes())
            .order(ByteOrder.LITTLE_ENDIAN);
    int i = index % dtype.blockLength();
    return switch (dtype) {
      case Q8_0 -> half(block, 0) * block.get(2 + i);
      case Q4_0 -> half(block, 0) * (bits(block, 2 + i % 16, i / 16 * 4, 4) - 8);
      case Q4_K -> q4k(block, i);
      case Q6_K -> q6k(block, i);
      default -> throw new IllegalArgumentException(dtype + " has no blocks");
    };
  }

  /** The twelve bytes of scales are three rows of four: low scales, low minima, and the rest. */
  private static double q4k(ByteBuffer block, int i) {
    int group = i / 32;
    int column = group % 4;
    int scales = 4 + column;
    int minima = 8 + column;
    int rest = 12 + column;
    int scale =
        group < 4
            ? bits(block, scales, 0, 6)
            : 16 * bits(block, scales, 6, 2) + bits(block, rest, 0, 4);
    int minimum =
        group < 4
            ? bits(block, minima, 0, 6)
            : 16 * bits(block, minima, 6, 2) + bits(block, rest, 4, 4);
    int quant = bits(block, 16 + group / 2 * 32 + i % 32, group % 2 * 4, 4);
    return half(block, 0) * scale * quant - half(block, 2) * minimum;
  }

  private static double q6k(ByteBuffer block, int i) {
    int half = i / 128;
    int quarter = i % 128 / 32;
    int low = bits(block, half * 64 + quarter % 2 * 32 + i % 32, quarter / 2 * 4, 4);
    int high = bits(block, 128 + half * 32 + i % 32, quarter * 2, 2);
    return half(block, 208) * block.get(192 + i / 16) * (16 * high + low - 32);
  }

  private static double half(ByteBuffer block, int at) {
    return Float.float16ToFloat(block.getShort(at));
  }

  private static int bits(ByteBuffer block, int at, int from, int count) {
    return Byte.toUnsignedInt(block.get(at)) >> from & ((1 << count) - 1);
  }

  /** Blocks that hold numbers roughly. */
  public static byte[] quantize(Dtype dtype, float[] numbers) {
    int length = dtype.blockLength();
    ByteBuffer all =
        ByteBuffer.allocate((int) dtype.bytes(numbers.length)).order(ByteOrder.LITTLE_ENDIAN);
    for (int from = 0; from < numbers.length; from += length) {
      float[] block = Arrays.copyOfRange(numbers, from, from + length);
      switch (dtype) {
        case Q8_0 -> quantizeQ80(block, all);
        case Q4_0 -> quantizeQ40(block, all);
        case Q4_K -> quantizeQ4K(block, all);
        case Q6_K -> quantizeQ6K(block, all);
        default -> throw new IllegalArgumentException(dtype + " has no blocks");
      }
    }
    return all.array();
  }

  private static void quantizeQ80(float[] x, ByteBuffer out) {
    float d = putHalf(out, largest(x, 0, 32) / 127);
    for (float number : x) {
      out.put((byte) quant(number, d, -127, 127));
    }
  }

  private static void quantizeQ40(float[] x, ByteBuffer out) {
    float d = putHalf(out, largest(x, 0, 32) / 7);
    for (int i = 0; i < 16; i++) {
      int low = quant(x[i], d, -8, 7) + 8;
      int high = quant(x[i + 16], d, -8, 7) + 8;
      out.put((byte) (high << 4 | low));
    }
  }

  private static void quantizeQ4K(float[] x, ByteBuffer out) {
    float most = largest(x, 0, 256);
    // Each group covers -minimum to -minimum + 15 scales; the largest of both fill six bits.
    float d = putHalf(out, 2 * most / 15 / 63);
    float dmin = putHalf(out, most / 63);
    int[] scales = new int[8];
    int[] minima = new int[8];
    int[] quants = new int[256];
    for (int group = 0; group < 8; group++) {
      float own = largest(x, 32 * group, 32 * group + 32);
      minima[group] = quant(own, dmin, 0, 63);
      scales[group] = quant(2 * own / 15, d, 0, 63);
      for (int i = 32 * group; i < 32 * group + 32; i++) {
        quants[i] = quant(x[i] + dmin * minima[group], d * scales[group], 0, 15);
      }
    }
    for (int g = 0; g < 4; g++) {
      out.put((byte) (scales[g] | scales[g + 4] >> 4 << 6));
    }
    for (int g = 0; g < 4; g++) {
      out.put((byte) (minima[g] | minima[g + 4] >> 4 << 6));
    }
    for (int g = 4; g < 8; g++) {
      out.put((byte) (scales[g] & 15 | (minima[g] & 15) << 4));
    }
    for (int i = 0; i < 256; i++) {
      if (i / 32 % 2 == 0) {
        out.put((byte) (quants[i] | quants[i + 32] << 4));
      }
    }
  }

  private static void quantizeQ6K(float[] x, ByteBuffer out) {
    float d = Float.float16ToFloat(Float.floatToFloat16(largest(x, 0, 256) / 31 / 127));
    byte[] low = new byte[128];
    byte[] high = new byte[64];
    byte[] scales = new byte[16];
    for (int i = 0; i < 256; i++) {
      int group = i / 16;
      // Every other group has a negative scale.
      int sign = group % 2 == 0 ? 1 : -1;
      scales[group] =
          (byte) (sign * quant(largest(x, 16 * group, 16 * group + 16) / 31, d, 0, 127));
      int quant = quant(x[i], d * scales[group], -32, 31) + 32;
      int half = i / 128;
      int quarter = i % 128 / 32;
      low[half * 64 + quarter % 2 * 32 + i % 32] |= (byte) ((quant & 15) << quarter / 2 * 4);
      high[half * 32 + i % 32] |= (byte) (quant >> 4 << 2 * quarter);
    }
    out.put(low).put(high).put(scales);
    putHalf(out, d);
  }

  private static float putHalf(ByteBuffer out, float number) {
    short bits = Float.floatToFloat16(number);
    out.putShort(bits);
    return Float.float16ToFloat(bits);
  }

  private static float largest(float[] x, int from, int to) {
    float largest = 0;
    for (int i = from; i < to; i++) {
      largest = Math.max(largest, Math.abs(x[i]));
    }
    return largest;
  }

  private static int quant(float x, float d, int least, int most) {
    return d == 0 ? 0 : Math.clamp(Math.round(x / d), least, most);
  }

  private static ByteBuffer buffer(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
