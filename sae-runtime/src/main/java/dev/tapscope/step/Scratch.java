package dev.tapscope.step;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Floats outside the heap that are used anew by every step, and grow when more are wanted. */
final class Scratch implements AutoCloseable {
  private Arena arena = Arena.ofShared();
  private MemorySegment values = MemorySegment.NULL;

  /** At least that many floats, of any value. */
  MemorySegment floats(long count) {
    if (values.byteSize() < count * Float.BYTES) {
      arena.close();
      arena = Arena.ofShared();
      values = Lanes.floats(arena, count);
    }
    return values;
  }

  @Override
  public void close() {
    arena.close();
  }
}
