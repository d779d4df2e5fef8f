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

  /**
   * {@code panel[k][i] = rows[first + k][column + i]}.
   *
   * @param rows {@code [..., width]}
   */
  static void copy(
      MemorySegment rows,
      long first,
      int depth,
      int width,
      int column,
      MemorySegment panel,
      long at) {
    int count = Math.min(Tile.COLUMNS, width - column);
    for (int k = 0; k < depth; k++) {
      long to = at + (long) k * Tile.COLUMNS * Float.BYTES;
      long from = ((first + k) * width + column) * Float.BYTES;
      MemorySegment.copy(rows, from, panel, to, (long) count * Float.BYTES);
      for (int i = count; i < Tile.COLUMNS; i++) {
        panel.set(FLOAT, to + (long) i * Float.BYTES, 0);
      }
    }
  }

  /** Adds what a tile has of the {@code rows} rows of {@code into}, {@code [rows, width]}. */
  static void addTile(
      MemorySegment tile, MemorySegment into, int row, int rows, int column, int width) {
    int count = Math.min(Tile.COLUMNS, width - column);
    for (int r = 0; r < Math.min(Tile.ROWS, rows - row); r++) {
      long to = ((long) (row + r) * width + column) * Float.BYTES;
      RowKernels.add(into, to, tile, (long) r * Tile.COLUMNS * Float.BYTES, 1, count);
    }
  }
}
