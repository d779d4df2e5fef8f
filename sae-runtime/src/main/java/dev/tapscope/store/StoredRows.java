package dev.tapscope.store;

import dev.tapscope.io.Dtype;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The rows of one address in one file of a store.
 *
 * @param bytes {@code [rows, width]}, little-endian, without alignment
 */
record StoredRows(MemorySegment bytes, Dtype dtype, int width, long rows) {
  private static final ValueLayout.OfInt INTS =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORTS =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOATS = ValueLayout.JAVA_FLOAT;

  /**
   * Reads rows {@code from} to {@code to - 1} as float32 into {@code into}, from row {@code at}.
   */
  void read(long from, long to, MemorySegment into, long at) {
    long values = (to - from) * width;
    long source = from * width * dtype.bytes();
    long target = at * width * Float.BYTES;
    switch (dtype) {
      case F32 ->
          MemorySegment.copy(bytes, INTS, source, into, ValueLayout.JAVA_INT, target, values);
      case BF16 -> {
        for (long i = 0; i < values; i++) {
          float value = Float.intBitsToFloat(bytes.get(SHORTS, source + 2 * i) << 16);
          into.set(FLOATS, target + 4 * i, value);
        }
      }
      case F16 -> {
        for (long i = 0; i < values; i++) {
          float value = Float.float16ToFloat(bytes.get(SHORTS, source + 2 * i));
          into.set(FLOATS, target + 4 * i, value);
        }
      }
      case F64, I64, I32, U8 -> throw new IllegalStateException("a store holds no " + dtype);
    }
  }
}
