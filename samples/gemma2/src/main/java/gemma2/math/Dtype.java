package gemma2.math;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** How the numbers of a stored tensor are written, always little-endian. */
public enum Dtype {
  F32(4, 0x7F80_0000_7F80_0000L, 0x0080_0000_0080_0000L) {
    @Override
    public float read(MemorySegment data, long index) {
      return data.get(FLOAT, index * 4);
    }
  },
  F16(2, 0x7C00_7C00_7C00_7C00L, 0x0400_0400_0400_0400L) {
    @Override
    public float read(MemorySegment data, long index) {
      return Float.float16ToFloat(data.get(SHORT, index * 2));
    }
  },
  BF16(2, 0x7F80_7F80_7F80_7F80L, 0x0080_0080_0080_0080L) {
    @Override
    public float read(MemorySegment data, long index) {
      return Float.intBitsToFloat(data.get(SHORT, index * 2) << 16);
    }
  };

  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final int bytes;

  /** The exponent bits of every number in eight bytes, and the lowest exponent bit of each. */
  private final long exponents;

  private final long lowestBits;

  Dtype(int bytes, long exponents, long lowestBits) {
    this.bytes = bytes;
    this.exponents = exponents;
    this.lowestBits = lowestBits;
  }

  /** Bytes per number. */
  public int bytes() {
    return bytes;
  }

  /** The number at {@code index}, widened to float without loss. */
  public abstract float read(MemorySegment data, long index);

  /**
   * Whether eight bytes of stored numbers hold a NaN or an infinity: an exponent of ones only, so
   * that adding its lowest bit carries into the sign bit, which was cleared.
   */
  boolean holdsNonFinite(long eightBytes) {
    long signs = ~exponents & (exponents << 1);
    return (((eightBytes & exponents) + lowestBits) & signs) != 0;
  }
}
