package dev.tapscope.folder;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Rows of floats as bytes of a stored type, rounded to nearest, ties to even; NaN stays NaN. */
public final class FloatCodec {
  /** Where f16 begins to round to infinity: halfway from its largest value, 65504, to 65536. */
  private static final float F16_LIMIT = 65520f;

  private FloatCodec() {}

  /** Index of the first finite value f16 has no room for, or -1. */
  public static int firstF16Overflow(float[] row, int width) {
    return firstF16Overflow(row, 0, width);
  }

  /** The same between two indices. */
  static int firstF16Overflow(float[] row, int from, int to) {
    for (int i = from; i < to; i++) {
      if (Math.abs(row[i]) >= F16_LIMIT && !Float.isInfinite(row[i])) {
        return i;
      }
    }
    return -1;
  }

  /** Encodes the first {@code width} values of a row. */
  public static byte[] encode(float[] row, int width, Dtype dtype) {
    ByteBuffer bytes =
        ByteBuffer.allocate(Math.multiplyExact(width, dtype.bytes()))
            .order(ByteOrder.LITTLE_ENDIAN);
    switch (dtype) {
      case F32 -> bytes.asFloatBuffer().put(row, 0, width);
      case BF16 -> {
        for (int i = 0; i < width; i++) {
          bytes.putShort(bf16(row[i]));
        }
      }
      case F16 -> {
        for (int i = 0; i < width; i++) {
          bytes.putShort(f16(row[i]));
        }
      }
      default -> throw new IllegalArgumentException(dtype + " does not hold floats.");
    }
    return bytes.array();
  }

  static short bf16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) (bits >>> 16 | 0x40); // quiet, so that dropping low bits leaves a NaN
    }
    return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
  }

  static short f16(float value) {
    int bits = Float.floatToRawIntBits(value);
    int sign = bits >>> 16 & 0x8000;
    int magnitude = bits & 0x7fff_ffff;
    if (Float.isNaN(value)) {
      return (short) (sign | 0x7e00 | magnitude >>> 13 & 0x3ff);
    }
    if (Math.abs(value) >= F16_LIMIT) {
      return (short) (sign | 0x7c00);
    }
    if (Math.abs(value) < 0x1p-14f) { // subnormal: a multiple of 2^-24
      return (short) (sign | (int) Math.rint(Math.abs((double) value) * 0x1p24));
    }
    int rounded = magnitude + 0xfff + (magnitude >>> 13 & 1);
    return (short) (sign | rounded - (127 - 15 << 23) >>> 13);
  }
}
