package dev.tapscope.step;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Floats outside the heap that are used anew by every step, and grow when more are wanted. */
final class Scratch implements AutoCloseable {
  private Piece piece = new Piece(0);

  /** At least that many floats, of any value. */
  MemorySegment floats(long count) {
    if (piece.values.byteSize() < count * Float.BYTES) {
      piece.arena.close();
      piece = new Piece(count);
    }
    return piece.values;
  }

  @Override
  public void close() {
    piece.arena.close();
  }

  /** Memory of one size. */
  private static final class Piece {
    private final Arena arena = Arena.ofShared();
    private final MemorySegment values;

    Piece(long count) {
      values = Lanes.floats(arena, count);
    }
  }
}
