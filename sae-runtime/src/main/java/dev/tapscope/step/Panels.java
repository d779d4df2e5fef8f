package dev.tapscope.step;

import static dev.tapscope.step.Lanes.FLOAT;

import java.lang.foreign.MemorySegment;

/**
 * Lays rows out for {@link Tile}. A panel holds some neighbouring rows or columns of a matrix, one
 * step of the product beside the other, filled up with zeros.
 */
final class Panels {
  /** Steps of the product at a time, so that what is written lies in the nearest cache. */
  private static final int STEPS = 128;

  private Panels() {}

  static int count(int size, int width) {
    return Math.ceilDiv(size, width);
  }

  /**
   * {@code panel[k][i] = rows[first + i][k]}, {@link Tile#ROWS} wide.
   *
   * @param rows {@code [..., depth]}
   * @param count how many rows there are, at most {@link Tile#ROWS}
   */
  static void transpose(
      MemorySegment rows, long first, int count, int depth, float[] panel, int at) {
    long bytes = (long) depth * Float.BYTES;
    if (count == Tile.ROWS) {
      spread(rows, first * bytes, bytes, depth, panel, at);
      return;
    }
    for (int k = 0; k < depth; k++) {
      for (int i = 0; i < Tile.ROWS; i++) {
        long from = (first + i) * bytes + (long) k * Float.BYTES;
        panel[at + k * Tile.ROWS + i] = i < count ? rows.get(FLOAT, from) : 0;
      }
    }
  }

  /** All rows in one go, written out: nearly as fast as they can be read. */
  private static void spread(
      MemorySegment rows, long from, long row, int depth, float[] panel, int at) {
    for (int k = 0; k < depth; k++) {
      long i = from + (long) k * Float.BYTES;
      int to = at + k * Tile.ROWS;
      panel[to] = rows.get(FLOAT, i);
      panel[to + 1] = rows.get(FLOAT, i + row);
      panel[to + 2] = rows.get(FLOAT, i + 2 * row);
      panel[to + 3] = rows.get(FLOAT, i + 3 * row);
      panel[to + 4] = rows.get(FLOAT, i + 4 * row);
      panel[to + 5] = rows.get(FLOAT, i + 5 * row);
      panel[to + 6] = rows.get(FLOAT, i + 6 * row);
      panel[to + 7] = rows.get(FLOAT, i + 7 * row);
      panel[to + 8] = rows.get(FLOAT, i + 8 * row);
      panel[to + 9] = rows.get(FLOAT, i + 9 * row);
      panel[to + 10] = rows.get(FLOAT, i + 10 * row);
      panel[to + 11] = rows.get(FLOAT, i + 11 * row);
    }
  }

  /**
   * {@code panel[k][i] = rows[first + i][k] - offsets[k]}, {@link Tile#COLUMNS} wide.
   *
   * @param rows {@code [..., depth]}
   * @param count how many rows there are, at most {@link Tile#COLUMNS}
   * @param offsets {@code [depth]}
   */
  static void transpose(
      MemorySegment rows,
      long first,
      int count,
      int depth,
      float[] offsets,
      MemorySegment panel,
      long at) {
    for (int from = 0; from < depth; from += STEPS) {
      int to = Math.min(from + STEPS, depth);
      for (int i = 0; i < Tile.COLUMNS; i++) {
        long own = at + (long) i * Float.BYTES;
        if (i < count) {
          spread(rows, (first + i) * depth * Float.BYTES, offsets, from, to, panel, own);
        } else {
          for (int k = from; k < to; k++) {
            panel.set(FLOAT, own + (long) k * Tile.COLUMNS * Float.BYTES, 0);
          }
        }
      }
    }
  }

  private static void spread(
      MemorySegment rows,
      long row,
      float[] offsets,
      int from,
      int to,
      MemorySegment panel,
      long at) {
    for (int k = from; k < to; k++) {
      float value = rows.get(FLOAT, row + (long) k * Float.BYTES) - offsets[k];
      panel.set(FLOAT, at + (long) k * Tile.COLUMNS * Float.BYTES, value);
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
  static void addTile(float[] tile, MemorySegment into, int row, int rows, int column, int width) {
    int count = Math.min(Tile.COLUMNS, width - column);
    for (int r = 0; r < Math.min(Tile.ROWS, rows - row); r++) {
      long to = ((long) (row + r) * width + column) * Float.BYTES;
      for (int i = 0; i < count; i++) {
        long at = to + (long) i * Float.BYTES;
        into.set(FLOAT, at, into.get(FLOAT, at) + tile[r * Tile.COLUMNS + i]);
      }
    }
  }
}
