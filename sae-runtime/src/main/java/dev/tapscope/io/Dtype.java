package dev.tapscope.io;

import java.nio.ByteBuffer;

/** How a number is stored; always little-endian. */
public enum Dtype {
  F64(8),
  F32(4),
  F16(2),
  BF16(2),
  I64(8),
  I32(4),
  U8(1);

  private final int bytes;

  Dtype(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of one number. */
  public int bytes() {
    return bytes;
  }

  /** Whether numbers of this type can be read as {@code float}s. */
  public boolean floating() {
    return this == F64 || this == F32 || this == F16 || this == BF16;
  }

  /** The next {@code count} numbers, rounded to the nearest float. */
  void floats(ByteBuffer from, float[] into, int at, int count) {
    switch (this) {
      case F32 -> from.asFloatBuffer().get(into, at, count);
      case F64 -> {
        for (int i = 0; i < count; i++) {
          into[at + i] = (float) from.getDouble();
        }
      }
      case F16 -> {
        for (int i = 0; i < count; i++) {
          into[at + i] = Float.float16ToFloat(from.getShort());
        }
      }
      case BF16 -> {
        for (int i = 0; i < count; i++) {
          into[at + i] = Float.intBitsToFloat(from.getShort() << 16);
        }
      }
      case I64, I32, U8 -> throw new IllegalStateException(this + " holds whole numbers");
    }
  }

  /** The next whole number. */
  long integer(ByteBuffer from) {
    return switch (this) {
      case I64 -> from.getLong();
      case I32 -> from.getInt();
      case U8 -> from.get() & 0xff;
      case F64, F32, F16, BF16 -> throw new IllegalStateException(this + " holds fractions");
    };
  }
}
