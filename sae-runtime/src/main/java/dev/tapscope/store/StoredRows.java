package dev.tapscope.store;

import dev.tapscope.io.UnmappedTensor;
import java.lang.foreign.MemorySegment;

/**
 * The rows of one address in one file of a store.
 *
 * @param values {@code [rows, width]}
 */
record StoredRows(UnmappedTensor values, int width, long rows) {
  /**
   * Reads rows {@code from} to {@code to - 1} as float32 into {@code into}, from row {@code at}.
   */
  void read(long from, long to, MemorySegment into, long at) {
    values.floats(from * width, (to - from) * width, into, at * width);
  }
}
