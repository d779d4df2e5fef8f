package gemma2.math;

import static gemma2.math.Lanes.COUNT;
import static gemma2.math.Lanes.FLOATS;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Many rows of activations times a matrix, tile by tile. Rows are laid out in panels, vector beside
 * vector as {@link Tile} reads them: the activations once, the weights a group at a time, small
 * enough to stay in the second cache while all activations pass by: some rows, and of long rows a
 * stretch. Within it, a tile takes parts of its rows that stay in the first cache; its sums wait in
 * memory from part to part and from stretch to stretch.
 */
final class TiledProduct {

  /** Rows of activations that a group of weights is widened for; whole tiles. */
  private static final int ROWS = 86 * Tile.ROWS;

  /** Vectors of a row in a stretch: 2,304 floats, whole blocks of every dtype. */
  private static final int STRETCH = 2304 / COUNT;

  /** Floats of a group of weights: half a second cache of 1 MB. */
  private static final int GROUP = 1 << 17;

  /** Vectors of a row that are multiplied at once: six and four of these rows are 30 KB. */
  private static final int STEPS = 768 / COUNT;

  private final Matrix w;
  private final Scratch scratch;

  /** Vectors of a row, the last one filled up. */
  private final int steps;

  /** Weight rows of a group. */
  private final int group;

  /** Floats between the sums of one tile of activations with a group and those of the next. */
  private final int sumsOfATile;

  private TiledProduct(Matrix w, Scratch scratch) {
    this.w = w;
    this.scratch = scratch;
    this.steps = Math.ceilDiv(w.columns(), COUNT);
    int tiles = Math.clamp(GROUP / (Math.min(steps, STRETCH) * COUNT) / Tile.COLUMNS, 1, 16);
    this.group = tiles * Tile.COLUMNS;
    this.sumsOfATile = tiles * Tile.SUMS;
  }

  /** {@code y[r][o] = sum_i x[r][i] w[o][i]} for every r and {@code from <= o < to}. */
  static void multiply(Matrix w, float[][] x, float[][] y, int from, int to) {
    TiledProduct product = new TiledProduct(w, Scratch.own());
    for (int r = 0; r < x.length; r += ROWS) {
      product.multiply(x, y, r, Math.min(r + ROWS, x.length), from, to);
    }
  }

  private void multiply(float[][] x, float[][] y, int firstRow, int endRow, int from, int to) {
    int tiles = Math.ceilDiv(endRow - firstRow, Tile.ROWS);
    float[] activations = layOut(x, firstRow, endRow);
    float[] sums = scratch.sums(tiles * sumsOfATile);
    for (int first = from; first < to; first += group) {
      int end = Math.min(first + group, to);
      Arrays.fill(sums, Scratch.FIRST, Scratch.FIRST + tiles * sumsOfATile, 0);
      for (int step = 0; step < steps; step += STRETCH) {
        int count = Math.min(STRETCH, steps - step);
        float[] weights = widen(first, end, step, count);
        for (int tile = 0; tile < tiles; tile++) {
          add(activations, tile, weights, end - first, step, count, sums);
        }
      }
      for (int tile = 0; tile < tiles; tile++) {
        fold(sums, tile, y, firstRow + tile * Tile.ROWS, endRow, first, end);
      }
    }
  }

  /** Adds the products of one tile of activations with a group of weights over a stretch. */
  private void add(
      float[] activations,
      int tile,
      float[] weights,
      int columns,
      int from,
      int count,
      float[] sums) {
    int x = Scratch.FIRST + (tile * steps + from) * Tile.ROWS * COUNT;
    int to = Scratch.FIRST + tile * sumsOfATile;
    for (int step = 0; step < count; step += STEPS) {
      int part = Math.min(STEPS, count - step);
      for (int i = 0; i < Math.ceilDiv(columns, Tile.COLUMNS); i++) {
        Tile.add(
            activations,
            x + step * Tile.ROWS * COUNT,
            weights,
            Scratch.FIRST + (i * count + step) * Tile.COLUMNS * COUNT,
            part,
            sums,
            to + i * Tile.SUMS);
      }
    }
  }

  private void fold(
      float[] sums, int tile, float[][] y, int firstRow, int endRow, int first, int end) {
    int of = Scratch.FIRST + tile * sumsOfATile;
    for (int o = first; o < end; o += Tile.COLUMNS) {
      int at = of + (o - first) / Tile.COLUMNS * Tile.SUMS;
      int columns = Math.min(Tile.COLUMNS, end - o);
      for (int r = 0; r < Math.min(Tile.ROWS, endRow - firstRow); r++) {
        Fold.four(sums, at + r * Tile.COLUMNS * COUNT, y[firstRow + r], o, columns);
      }
    }
  }

  /** Panels of {@link Tile#ROWS} rows; rows that are missing in the last one are zeros. */
  private float[] layOut(float[][] x, int first, int end) {
    int rows = Math.ceilDiv(end - first, Tile.ROWS) * Tile.ROWS;
    float[] panels = scratch.activations(rows * steps * COUNT);
    int stride = Tile.ROWS * COUNT;
    for (int r = 0; r < rows; r++) {
      int inTile = r % Tile.ROWS;
      int at = Scratch.FIRST + (r - inTile) * steps * COUNT + inTile * COUNT;
      if (first + r < end) {
        spread(x[first + r], panels, at, stride);
      } else {
        clear(panels, at, stride, steps);
      }
    }
    return panels;
  }

  private void spread(float[] x, float[] to, int at, int stride) {
    Widening.spread(x, x.length, to, at, stride);
    int rest = Lanes.rest(x.length);
    if (rest > 0) {
      Widening.rest(x, rest, scratch).intoArray(to, at + x.length / COUNT * stride);
    }
  }

  private static void clear(float[] panel, int at, int stride, int count) {
    for (int step = 0; step < count; step++) {
      FloatVector.zero(FLOATS).intoArray(panel, at + step * stride);
    }
  }

  /**
   * Panels of {@link Tile#COLUMNS} rows of weights, {@code count} vectors of each from vector
   * {@code step} on; rows that are missing are zeros.
   */
  private float[] widen(int first, int end, int step, int count) {
    float[] panels = scratch.weights(group * count * COUNT);
    int stride = Tile.COLUMNS * COUNT;
    int rows = Math.ceilDiv(end - first, Tile.COLUMNS) * Tile.COLUMNS;
    for (int r = 0; r < rows; r++) {
      int inTile = r % Tile.COLUMNS;
      int at = Scratch.FIRST + (r - inTile) * count * COUNT + inTile * COUNT;
      if (first + r < end) {
        Widening.spread(w, first + r, step, count, scratch, panels, at, stride);
      } else {
        clear(panels, at, stride, count);
      }
    }
    return panels;
  }
}
