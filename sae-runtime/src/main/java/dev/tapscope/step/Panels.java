package dev.tapscope.step;

import static dev.tapscope.step.Lanes.FLOAT;

import java.lang.foreign.MemorySegment;

/**
 * Lays rows out for {@link Tile}. A panel holds some neighbouring rows or columns of a matrix, one
 * step of the product beside the other, filled up with zeros.
 */
final class Panels {
  /** Floats of a cache line. */
  private static final int LINE = 16;

  private Panels() {}

  static int count(int size, int width) {
    return Math.ceilDiv(size, width);
  }

  /**
   * {@code panel[k][i] = rows[first + i][k] - offsets[k]}.
   *
   * @param rows {@code [..., depth]}
   * @param count how many rows there are, at most {@code width}
   * @param offsets {@code [depth]}
   */
  static void transpose(
      MemorySegment rows,
      long first,
      int count,
      int depth,
      float[] offsets,
      int width,
      MemorySegment panel,
      long at) {
    for (int from = 0; from < depth; from += LINE) {
      int to = Math.min(from + LINE, depth);
      for (int i = 0; i < count; i++) {
        long row = (first + i) * depth * Float.BYTES;
        for (int k = from; k < to; k++) {
          float value = rows.get(FLOAT, row + (long) k * Float.BYTES) - offsets[k];
          panel.set(FLOAT, at + ((long) k * width + i) * Float.BYTES, value);
        }
      }
      for (int i = count; i < width; i++) {
        for (int k = from; k < to; k++) {
          panel.set(FLOAT, at + ((long) k * width + i) * Float.BYTES, 0);
        }
      }
    }
  }
}
