package dev.tapscope.step;

import static dev.tapscope.step.Lanes.FLOAT;
import static dev.tapscope.step.Lanes.FLOATS;
import static dev.tapscope.step.Lanes.load;

import java.lang.foreign.MemorySegment;
import java.util.stream.IntStream;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Lays rows out for {@link Tile}. A panel holds some neighbouring rows or columns of a matrix, one
 * step of the product beside the other, filled up with zeros.
 */
final class Panels {
  /** Steps of the product at a time, so that what is gathered lies in the nearest cache. */
  private static final int STEPS = 512;

  /** From one row to the next while they are gathered; a power of two would share cache lines. */
  private static final int STRIDE = STEPS + 16;

  private static final int[] ROWS_APART =
      IntStream.range(0, Lanes.COUNT).map(i -> i * STRIDE).toArray();

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
    float[] held = new float[Math.ceilDiv(width, Lanes.COUNT) * Lanes.COUNT * STRIDE];
    for (int from = 0; from < depth; from += STEPS) {
      int steps = Math.min(STEPS, depth - from);
      for (int i = 0; i < count; i++) {
        hold(rows, ((first + i) * depth + from) * Float.BYTES, offsets, from, steps, held, i);
      }
      for (int i = 0; i < width; i += Lanes.COUNT) {
        long to = at + ((long) from * width + i) * Float.BYTES;
        spread(held, i, steps, Math.min(Lanes.COUNT, width - i), width, panel, to);
      }
    }
  }

  /** {@code held[i][k] = rows[k] - offsets[k]}. */
  private static void hold(
      MemorySegment rows, long at, float[] offsets, int from, int steps, float[] held, int i) {
    int whole = FLOATS.loopBound(steps);
    for (int k = 0; k < whole; k += Lanes.COUNT) {
      load(rows, at + (long) k * Float.BYTES)
          .sub(FloatVector.fromArray(FLOATS, offsets, from + k))
          .intoArray(held, i * STRIDE + k);
    }
    for (int k = whole; k < steps; k++) {
      held[i * STRIDE + k] = rows.get(FLOAT, at + (long) k * Float.BYTES) - offsets[from + k];
    }
  }

  /** {@code panel[k][i + lane] = held[i + lane][k]} for the first lanes. */
  private static void spread(
      float[] held, int i, int steps, int lanes, int width, MemorySegment panel, long at) {
    VectorMask<Float> some = FLOATS.indexInRange(0, lanes);
    for (int k = 0; k < steps; k++) {
      FloatVector.fromArray(FLOATS, held, i * STRIDE + k, ROWS_APART, 0)
          .intoMemorySegment(panel, at + (long) k * width * Float.BYTES, Lanes.ORDER, some);
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
