package gemma2.math;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * A way to store numbers in blocks: a few bits for each number, and a scale for all of them.
 * Layouts are those of {@code ggml-common.h} in llama.cpp, formulas those of its {@code
 * dequantize_row_*}, in fp32 and in their order.
 */
sealed interface BlockFormat permits Q80Blocks, Q40Blocks, Q4KBlocks, Q6KBlocks {

  /** A float as {@link #widen} writes it. */
  ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  /** The bits of a stored fp16 number. */
  ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Numbers in a block. */
  int length();

  /** Bytes of a block. */
  int bytes();

  /**
   * Widens blocks that lie one after the other.
   *
   * @param from the first block's byte in {@code data}
   * @param out where {@code blocks * length()} floats in native order go, from byte {@code at} on
   */
  void widen(MemorySegment data, long from, int blocks, MemorySegment out, long at);

  /**
   * Whether the scales of the block at byte {@code from} are finite: so are all its numbers, then.
   */
  boolean isFinite(MemorySegment data, long from);

  /** A stored byte as -128 to 127. */
  static int signed(MemorySegment data, long at) {
    return data.get(ValueLayout.JAVA_BYTE, at);
  }

  /** A stored byte as 0 to 255. */
  static int unsigned(MemorySegment data, long at) {
    return data.get(ValueLayout.JAVA_BYTE, at) & 0xFF;
  }

  /** A stored fp16 number. */
  static float half(MemorySegment data, long at) {
    return Float.float16ToFloat(data.get(SHORT, at));
  }
}
