package gemma2.math;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * How the numbers of a stored tensor are written, always little-endian: one after the other, or in
 * blocks of numbers that share scales. The block formats' names are ggml's.
 */
public enum Dtype {
  F32(4, 0x7F80_0000_7F80_0000L, 0x0080_0000_0080_0000L) {
    @Override
    public float read(MemorySegment data, long index) {
      return data.get(FLOAT, index * 4);
    }

    @Override
    void widen(MemorySegment data, long first, int count, MemorySegment out, long at) {
      MemorySegment.copy(data, FLOAT, first * 4, out, BlockFormat.FLOAT, at, count);
    }
  },
  F16(2, 0x7C00_7C00_7C00_7C00L, 0x0400_0400_0400_0400L) {
    @Override
    public float read(MemorySegment data, long index) {
      return BlockFormat.half(data, index * 2);
    }

    @Override
    void widen(MemorySegment data, long first, int count, MemorySegment out, long at) {
      long from = first * 2;
      for (int i = 0; i < count; i++) {
        out.set(BlockFormat.FLOAT, at + 4L * i, BlockFormat.half(data, from + 2L * i));
      }
    }
  },
  BF16(2, 0x7F80_7F80_7F80_7F80L, 0x0080_0080_0080_0080L) {
    @Override
    public float read(MemorySegment data, long index) {
      return Float.intBitsToFloat(data.get(BlockFormat.SHORT, index * 2) << 16);
    }

    @Override
    void widen(MemorySegment data, long first, int count, MemorySegment out, long at) {
      long from = first * 2;
      for (int i = 0; i < count; i++) {
        int upper = data.get(BlockFormat.SHORT, from + 2L * i) << 16;
        out.set(BlockFormat.FLOAT, at + 4L * i, Float.intBitsToFloat(upper));
      }
    }
  },
  Q8_0(new Q80Blocks()),
  Q4_0(new Q40Blocks()),
  Q4_K(new Q4KBlocks()),
  Q6_K(new Q6KBlocks());

  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final int blockLength;
  private final int blockBytes;

  /** Null where numbers stand one after the other. */
  private final BlockFormat blocks;

  /** The exponent bits of every number in eight bytes, and the lowest exponent bit of each. */
  private final long exponents;

  private final long lowestBits;

  Dtype(int bytes, long exponents, long lowestBits) {
    this.blockLength = 1;
    this.blockBytes = bytes;
    this.blocks = null;
    this.exponents = exponents;
    this.lowestBits = lowestBits;
  }

  Dtype(BlockFormat blocks) {
    this.blockLength = blocks.length();
    this.blockBytes = blocks.bytes();
    this.blocks = blocks;
    this.exponents = 0;
    this.lowestBits = 0;
  }

  /** Numbers in a block; 1 where numbers stand one after the other. A row holds whole blocks. */
  public int blockLength() {
    return blockLength;
  }

  /** Bytes of a block; where numbers stand one after the other, of a number. */
  public int blockBytes() {
    return blockBytes;
  }

  /** Bytes of {@code count} numbers. */
  public long bytes(long count) {
    if (blockLength == 1) {
      return Math.multiplyExact(count, blockBytes); // asked for with every row, and divides slowly
    }
    if (count % blockLength != 0) {
      throw new IllegalArgumentException(
          "%s numbers come in blocks of %d, and %d fill no whole number of blocks."
              .formatted(this, blockLength, count));
    }
    return Math.multiplyExact(count / blockLength, blockBytes);
  }

  /** The number at {@code index}, widened to float; slow, where its whole block is widened. */
  public float read(MemorySegment data, long index) {
    float[] block = new float[blockLength];
    int inBlock = (int) (index % blockLength);
    widen(data, index - inBlock, blockLength, MemorySegment.ofArray(block), 0);
    return block[inBlock];
  }

  /**
   * Widens {@code count} numbers from {@code first} on; both are multiples of the block length.
   *
   * @param out where the floats go, in native order, from byte {@code at} on
   */
  void widen(MemorySegment data, long first, int count, MemorySegment out, long at) {
    blocks.widen(data, bytes(first), count / blockLength, out, at);
  }

  /** Whether the blocks' scales decide if a number is finite, and not the number itself. */
  boolean hasScales() {
    return blocks != null;
  }

  /** Whether the scales of the block that begins with number {@code first} are finite. */
  boolean hasFiniteScales(MemorySegment data, long first) {
    return blocks.isFinite(data, bytes(first));
  }

  /**
   * Whether eight bytes of stored numbers hold a NaN or an infinity: an exponent of ones only, so
   * that adding its lowest bit carries into the sign bit, which was cleared.
   */
  boolean holdsNonFinite(long eightBytes) {
    long signs = ~exponents & (exponents << 1);
    return (((eightBytes & exponents) + lowestBits) & signs) != 0;
  }
}
