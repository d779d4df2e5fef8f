package gemma2.math;

import static gemma2.math.Lanes.COUNT;
import static gemma2.math.Lanes.FLOATS;
import static gemma2.math.Lanes.STRETCH;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Many rows of activations times a matrix, tile by tile. The vectors of a tile lie across rows of
 * weights, while a sum is made of as many chains as a vector along a row has lanes ({@link
 * RowProduct}). So both factors are laid out in panels by lane, a tile is computed once for each of
 * them, and then the lanes are folded.
 *
 * <p>Long rows are multiplied a stretch after the other. Of its weights, a group of strips is laid
 * out at a time, few enough to stay in the second cache while all activations pass by.
 */
final class TiledProduct {

  /** Rows of activations that a group of weights is laid out for; whole tiles. */
  private static final int ROWS = 43 * Tile.ROWS;

  /** Floats of a group of weights: half a second cache of 1 MB. */
  private static final int GROUP = 1 << 17;

  /** Laying activations out takes as long as multiplying them with 14 to 34 columns. */
  static final int COLUMNS_TO_BEGIN = 32;

  private final Matrix w;
  private final float[][] x;
  private final float[][] y;
  private final Scratch scratch = Scratch.own();

  /** Where the stretch begins. */
  private final int column;

  /** The numbers of a row in it. */
  private final int length;

  /** The vectors of a row in it, the last one filled up. */
  private final int steps;

  private TiledProduct(Matrix w, float[][] x, float[][] y, int column) {
    this.w = w;
    this.x = x;
    this.y = y;
    this.column = column;
    this.length = Math.min(STRETCH, w.columns() - column);
    this.steps = Math.ceilDiv(length, COUNT);
  }

  /** {@code y[r][o] = sum_i x[r][i] w[o][i]} for every r and {@code from <= o < to}. */
  static void multiply(Matrix w, float[][] x, float[][] y, int from, int to) {
    for (int column = 0; column < w.columns(); column += STRETCH) {
      TiledProduct stretch = new TiledProduct(w, x, y, column);
      for (int r = 0; r < x.length; r += ROWS) {
        stretch.add(r, Math.min(r + ROWS, x.length), from, to);
      }
    }
  }

  private void add(int firstRow, int endRow, int from, int to) {
    float[] activations = layOutActivations(firstRow, endRow);
    int strips =
        Math.clamp(
            GROUP / weightsOfAStrip(), 1, Math.max(1, Math.ceilDiv(to - from, Tile.COLUMNS)));
    float[] weights = scratch.weights(strips * weightsOfAStrip() + Tile.WAITING);
    int sums = Scratch.FIRST + strips * weightsOfAStrip();
    int group = strips * Tile.COLUMNS;
    for (int first = from; first < to; first += group) {
      int end = Math.min(first + group, to);
      layOutWeights(first, end, weights);
      for (int r = firstRow; r < endRow; r += Tile.ROWS) {
        int atX = (r - firstRow) / Tile.ROWS * activationsOfATile();
        for (int o = first; o < end; o += Tile.COLUMNS) {
          int atW = Scratch.FIRST + (o - first) / Tile.COLUMNS * weightsOfAStrip();
          multiply(activations, atX, weights, atW, sums);
          int endO = Math.min(o + Tile.COLUMNS, end);
          addTile(weights, sums, r, Math.min(r + Tile.ROWS, endRow), o, endO);
        }
      }
    }
  }

  /**
   * The sums of a tile, behind the weights, where they lie as well as these. As {@link Fold} does
   * it, neighbouring lanes are added, then neighbouring pairs, and so on; each as soon as both are
   * there.
   */
  private void multiply(float[] activations, int atX, float[] weights, int atW, int sums) {
    int top = sums;
    for (int lane = 0; lane < COUNT; lane++) {
      Tile.multiply(
          activations,
          atX + lane * activationsOfALane(),
          weights,
          atW + lane * weightsOfALane(),
          steps,
          weights,
          top);
      for (int pairs = lane; pairs % 2 == 1; pairs /= 2) {
        top -= Tile.SUMS;
        Tile.add(weights, top, top + Tile.SUMS);
      }
      top += Tile.SUMS;
    }
  }

  /** Where a tile's sums go, or are added to those of the stretches before. */
  private void addTile(float[] sums, int at, int row, int endRow, int first, int end) {
    for (int r = row; r < endRow; r++) {
      int ofRow = at + (r - row) * Tile.COLUMNS;
      if (end - first == Tile.COLUMNS) {
        addVector(sums, ofRow, y[r], first);
        addVector(sums, ofRow + COUNT, y[r], first + COUNT);
      } else {
        for (int o = first; o < end; o++) {
          y[r][o] = (column == 0 ? 0 : y[r][o]) + sums[ofRow + o - first];
        }
      }
    }
  }

  /** Zero is added too, as {@link RowProduct} does it: no sum is -0. */
  private void addVector(float[] sums, int at, float[] out, int to) {
    FloatVector before =
        column == 0 ? FloatVector.zero(FLOATS) : FloatVector.fromArray(FLOATS, out, to);
    before.add(FloatVector.fromArray(FLOATS, sums, at)).intoArray(out, to);
  }

  private int activationsOfATile() {
    return COUNT * activationsOfALane();
  }

  /** With room for what turning the last square writes behind the rows of a tile. */
  private int activationsOfALane() {
    return steps * Tile.ROWS + COUNT;
  }

  private int weightsOfAStrip() {
    return COUNT * weightsOfALane();
  }

  private int weightsOfALane() {
    return steps * Tile.COLUMNS;
  }

  /** Panels {@code [tile][lane][step][row]}; the last row stands for those that are missing. */
  private float[] layOutActivations(int first, int end) {
    int tiles = Math.ceilDiv(end - first, Tile.ROWS);
    int squares = Math.ceilDiv(Tile.ROWS, COUNT);
    int row = steps * COUNT;
    float[] rows = scratch.rows(squares * COUNT * row);
    float[] panels = scratch.activations(tiles * activationsOfATile());
    for (int tile = 0; tile < tiles; tile++) {
      for (int i = 0; i < Tile.ROWS; i++) {
        int r = Math.min(first + tile * Tile.ROWS + i, end - 1);
        System.arraycopy(x[r], column, rows, i * row, length);
        Arrays.fill(rows, i * row + length, (i + 1) * row, 0);
      }
      int at = tile * activationsOfATile();
      for (int step = 0; step < steps; step++) {
        // Squares are wider than the tile: what is too much lies where the next step goes.
        for (int i = 0; i < squares; i++) {
          Turn.square(
              rows,
              i * COUNT * row + step * COUNT,
              row,
              scratch.square,
              panels,
              at + step * Tile.ROWS + i * COUNT,
              activationsOfALane());
        }
      }
    }
    return panels;
  }

  /**
   * Panels {@code [strip][lane][step][row]} from {@link Scratch#FIRST} on; the last row stands for
   * those that are missing.
   */
  private void layOutWeights(int first, int end, float[] panels) {
    for (int o = first; o < end; o += COUNT) {
      int strip = (o - first) / Tile.COLUMNS;
      int half = (o - first) % Tile.COLUMNS;
      int at = Scratch.FIRST + strip * weightsOfAStrip() + half;
      if (Turn.reads(w.dtype()) && o + COUNT <= end && length % COUNT == 0) {
        layOutStored(o, panels, at);
      } else {
        layOutWidened(o, end, panels, at);
      }
    }
  }

  private void layOutStored(int o, float[] panels, int at) {
    long row = w.dtype().bytes(w.columns());
    long square = w.dtype().bytes(COUNT);
    long from = o * row + w.dtype().bytes(column);
    for (int step = 0; step < steps; step++) {
      Turn.stored(
          w,
          from + step * square,
          row,
          scratch.square,
          panels,
          at + step * Tile.COLUMNS,
          weightsOfALane());
    }
  }

  private void layOutWidened(int o, int end, float[] panels, int at) {
    int row = steps * COUNT;
    float[] rows = scratch.rows(COUNT * row);
    Widening.rows(w, o, COUNT / 4, end, column, length, rows, scratch);
    for (int step = 0; step < steps; step++) {
      Turn.square(
          rows,
          step * COUNT,
          row,
          scratch.square,
          panels,
          at + step * Tile.COLUMNS,
          weightsOfALane());
    }
  }
}
