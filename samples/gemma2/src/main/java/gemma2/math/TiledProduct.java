package gemma2.math;

import static gemma2.math.Lanes.BYTES;
import static gemma2.math.Lanes.COUNT;
import static gemma2.math.Lanes.FLOATS;
import static gemma2.math.Lanes.NATIVE;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Many rows of activations times a matrix, tile by tile. Rows are laid out in panels, vector beside
 * vector as {@link Tile} reads them: the activations once, the weights a group at a time, small
 * enough to stay in the second cache while all activations pass by. A tile's rows are multiplied in
 * parts that stay in the first cache; its sums wait in memory from part to part.
 */
final class TiledProduct {

  /** Rows of activations that a group of weights is widened for; whole tiles. */
  private static final int ROWS = 86 * Tile.ROWS;

  /** Floats of a group of weights: half a second cache of 1 MB. */
  private static final int GROUP = 1 << 17;

  /** Vectors of a row that are multiplied at once: six and four of these rows are 30 KB. */
  private static final int STEPS = 48;

  private final Matrix w;
  private final Scratch scratch;

  /** Vectors of a row, the last one filled up. */
  private final int steps;

  /** Weight rows of a group. */
  private final int group;

  private TiledProduct(Matrix w, Scratch scratch) {
    this.w = w;
    this.scratch = scratch;
    this.steps = Math.ceilDiv(w.columns(), COUNT);
    this.group = Math.clamp(GROUP / (steps * COUNT) / Tile.COLUMNS, 1, 16) * Tile.COLUMNS;
  }

  /** {@code y[r][o] = sum_i x[r][i] w[o][i]} for every r and {@code from <= o < to}. */
  static void multiply(Matrix w, float[][] x, float[][] y, int from, int to) {
    TiledProduct product = new TiledProduct(w, Scratch.own());
    for (int r = 0; r < x.length; r += ROWS) {
      product.multiply(x, y, r, Math.min(r + ROWS, x.length), from, to);
    }
  }

  private void multiply(float[][] x, float[][] y, int firstRow, int endRow, int from, int to) {
    MemorySegment activations = layOut(x, firstRow, endRow);
    for (int first = from; first < to; first += group) {
      int end = Math.min(first + group, to);
      MemorySegment weights = widen(first, end);
      for (int r = firstRow; r < endRow; r += Tile.ROWS) {
        long at = (long) (r - firstRow) * steps * BYTES;
        float[] sums = sum(activations, at, weights, end - first);
        fold(sums, y, r, Math.min(Tile.ROWS, endRow - r), first, end);
      }
    }
  }

  /** The sums of one tile of activations with a group of weights. */
  private float[] sum(MemorySegment activations, long at, MemorySegment weights, int columns) {
    int tiles = Math.ceilDiv(columns, Tile.COLUMNS);
    float[] sums = scratch.sums(group / Tile.COLUMNS * Tile.SUMS);
    Arrays.fill(sums, 0, tiles * Tile.SUMS, 0);
    for (int step = 0; step < steps; step += STEPS) {
      int count = Math.min(STEPS, steps - step);
      long x = at + (long) step * Tile.ROWS * BYTES;
      for (int tile = 0; tile < tiles; tile++) {
        long of = ((long) tile * steps + step) * Tile.COLUMNS * BYTES;
        Tile.add(activations, x, weights, of, count, sums, tile * Tile.SUMS);
      }
    }
    return sums;
  }

  private void fold(float[] sums, float[][] y, int row, int rows, int first, int end) {
    for (int o = first; o < end; o += Tile.COLUMNS) {
      int at = (o - first) / Tile.COLUMNS * Tile.SUMS;
      for (int r = 0; r < rows; r++) {
        Fold.four(
            sums, at + r * Tile.COLUMNS * COUNT, y[row + r], o, Math.min(Tile.COLUMNS, end - o));
      }
    }
  }

  /** Panels of {@link Tile#ROWS} rows; rows that are missing in the last one are zeros. */
  private MemorySegment layOut(float[][] x, int first, int end) {
    int rows = Math.ceilDiv(end - first, Tile.ROWS) * Tile.ROWS;
    MemorySegment panels = scratch.activations((long) rows * steps * COUNT);
    long stride = (long) Tile.ROWS * BYTES;
    for (int r = 0; r < rows; r++) {
      int inTile = r % Tile.ROWS;
      long at = (long) (r - inTile) * steps * BYTES + (long) inTile * BYTES;
      if (first + r < end) {
        spread(x[first + r], panels, at, stride);
      } else {
        clear(panels, at, stride);
      }
    }
    return panels;
  }

  private void spread(float[] x, MemorySegment to, long at, long stride) {
    int bound = FLOATS.loopBound(x.length);
    long next = at;
    for (int i = 0; i < bound; i += COUNT) {
      FloatVector.fromArray(FLOATS, x, i).intoMemorySegment(to, next, NATIVE);
      next += stride;
    }
    if (bound < x.length) {
      Widening.rest(x, x.length - bound, scratch).intoMemorySegment(to, next, NATIVE);
    }
  }

  private void clear(MemorySegment panel, long at, long stride) {
    for (int step = 0; step < steps; step++) {
      FloatVector.zero(FLOATS).intoMemorySegment(panel, at + step * stride, NATIVE);
    }
  }

  /** Panels of {@link Tile#COLUMNS} rows of weights; rows that are missing are zeros. */
  private MemorySegment widen(int first, int end) {
    MemorySegment panels = scratch.weights((long) group * steps * COUNT);
    long stride = (long) Tile.COLUMNS * BYTES;
    int rows = Math.ceilDiv(end - first, Tile.COLUMNS) * Tile.COLUMNS;
    for (int r = 0; r < rows; r++) {
      int inTile = r % Tile.COLUMNS;
      long at = (long) (r - inTile) * steps * BYTES + (long) inTile * BYTES;
      if (first + r < end) {
        Widening.spread(w, first + r, scratch, panels, at, stride);
      } else {
        clear(panels, at, stride);
      }
    }
    return panels;
  }
}
