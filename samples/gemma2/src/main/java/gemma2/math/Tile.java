package gemma2.math;

import static gemma2.math.Lanes.COUNT;
import static gemma2.math.Lanes.FLOATS;

import jdk.incubator.vector.FloatVector;

/**
 * {@link #ROWS} rows of activations times {@link #COLUMNS} rows of weights: as many sums, each of
 * them a vector, all of them in registers. Lane l of a sum takes the products of the numbers l, l +
 * COUNT, l + 2 COUNT, ... of its two rows, one after the other; folded by {@link Fold}, that is the
 * same sum as {@link RowProduct} takes.
 *
 * <p>Written out, because the compiler keeps local variables in registers and nothing else. On
 * arrays, and weights that are mapped are the only segments that vectors are read from: where there
 * are segments of several kinds, the compiler looks at the kind again with every vector, and this
 * takes three times as long. {@link Scratch} sees to it that the arrays lie well.
 */
final class Tile {

  /** Rows of activations. */
  static final int ROWS = 6;

  /** Rows of weights, which are columns of the product. */
  static final int COLUMNS = 4;

  /** Floats of a tile's sums. */
  static final int SUMS = ROWS * COLUMNS * COUNT;

  /** Processors have 32 vector registers where those have 512 bits, and perhaps 16 elsewhere. */
  private static final boolean WHOLE = FLOATS.vectorBitSize() >= 512;

  private Tile() {}

  /**
   * Adds the products of some vectors of each row.
   *
   * @param x a panel {@code [steps][ROWS][COUNT]}
   * @param w a panel {@code [steps][COLUMNS][COUNT]}
   * @param sums {@code [ROWS][COLUMNS][COUNT]}
   */
  static void add(float[] x, int atX, float[] w, int atW, int steps, float[] sums, int at) {
    if (WHOLE) {
      addSix(x, atX, w, atW, steps, sums, at);
    } else {
      addTwo(x, atX, w, atW, steps, sums, at);
      addTwo(x, atX + 2 * COUNT, w, atW, steps, sums, at + 2 * COLUMNS * COUNT);
      addTwo(x, atX + 4 * COUNT, w, atW, steps, sums, at + 4 * COLUMNS * COUNT);
    }
  }

  private static void addSix(
      float[] x, int atX, float[] w, int atW, int steps, float[] sums, int at) {
    FloatVector s00 = FloatVector.fromArray(FLOATS, sums, at);
    FloatVector s01 = FloatVector.fromArray(FLOATS, sums, at + COUNT);
    FloatVector s02 = FloatVector.fromArray(FLOATS, sums, at + 2 * COUNT);
    FloatVector s03 = FloatVector.fromArray(FLOATS, sums, at + 3 * COUNT);
    FloatVector s10 = FloatVector.fromArray(FLOATS, sums, at + 4 * COUNT);
    FloatVector s11 = FloatVector.fromArray(FLOATS, sums, at + 5 * COUNT);
    FloatVector s12 = FloatVector.fromArray(FLOATS, sums, at + 6 * COUNT);
    FloatVector s13 = FloatVector.fromArray(FLOATS, sums, at + 7 * COUNT);
    FloatVector s20 = FloatVector.fromArray(FLOATS, sums, at + 8 * COUNT);
    FloatVector s21 = FloatVector.fromArray(FLOATS, sums, at + 9 * COUNT);
    FloatVector s22 = FloatVector.fromArray(FLOATS, sums, at + 10 * COUNT);
    FloatVector s23 = FloatVector.fromArray(FLOATS, sums, at + 11 * COUNT);
    FloatVector s30 = FloatVector.fromArray(FLOATS, sums, at + 12 * COUNT);
    FloatVector s31 = FloatVector.fromArray(FLOATS, sums, at + 13 * COUNT);
    FloatVector s32 = FloatVector.fromArray(FLOATS, sums, at + 14 * COUNT);
    FloatVector s33 = FloatVector.fromArray(FLOATS, sums, at + 15 * COUNT);
    FloatVector s40 = FloatVector.fromArray(FLOATS, sums, at + 16 * COUNT);
    FloatVector s41 = FloatVector.fromArray(FLOATS, sums, at + 17 * COUNT);
    FloatVector s42 = FloatVector.fromArray(FLOATS, sums, at + 18 * COUNT);
    FloatVector s43 = FloatVector.fromArray(FLOATS, sums, at + 19 * COUNT);
    FloatVector s50 = FloatVector.fromArray(FLOATS, sums, at + 20 * COUNT);
    FloatVector s51 = FloatVector.fromArray(FLOATS, sums, at + 21 * COUNT);
    FloatVector s52 = FloatVector.fromArray(FLOATS, sums, at + 22 * COUNT);
    FloatVector s53 = FloatVector.fromArray(FLOATS, sums, at + 23 * COUNT);
    for (int k = 0; k < steps; k++) {
      int i = atX + k * (ROWS * COUNT);
      int j = atW + k * (COLUMNS * COUNT);
      FloatVector w0 = FloatVector.fromArray(FLOATS, w, j);
      FloatVector w1 = FloatVector.fromArray(FLOATS, w, j + COUNT);
      FloatVector w2 = FloatVector.fromArray(FLOATS, w, j + 2 * COUNT);
      FloatVector w3 = FloatVector.fromArray(FLOATS, w, j + 3 * COUNT);
      FloatVector x0 = FloatVector.fromArray(FLOATS, x, i);
      s00 = x0.fma(w0, s00);
      s01 = x0.fma(w1, s01);
      s02 = x0.fma(w2, s02);
      s03 = x0.fma(w3, s03);
      FloatVector x1 = FloatVector.fromArray(FLOATS, x, i + COUNT);
      s10 = x1.fma(w0, s10);
      s11 = x1.fma(w1, s11);
      s12 = x1.fma(w2, s12);
      s13 = x1.fma(w3, s13);
      FloatVector x2 = FloatVector.fromArray(FLOATS, x, i + 2 * COUNT);
      s20 = x2.fma(w0, s20);
      s21 = x2.fma(w1, s21);
      s22 = x2.fma(w2, s22);
      s23 = x2.fma(w3, s23);
      FloatVector x3 = FloatVector.fromArray(FLOATS, x, i + 3 * COUNT);
      s30 = x3.fma(w0, s30);
      s31 = x3.fma(w1, s31);
      s32 = x3.fma(w2, s32);
      s33 = x3.fma(w3, s33);
      FloatVector x4 = FloatVector.fromArray(FLOATS, x, i + 4 * COUNT);
      s40 = x4.fma(w0, s40);
      s41 = x4.fma(w1, s41);
      s42 = x4.fma(w2, s42);
      s43 = x4.fma(w3, s43);
      FloatVector x5 = FloatVector.fromArray(FLOATS, x, i + 5 * COUNT);
      s50 = x5.fma(w0, s50);
      s51 = x5.fma(w1, s51);
      s52 = x5.fma(w2, s52);
      s53 = x5.fma(w3, s53);
    }
    s00.intoArray(sums, at);
    s01.intoArray(sums, at + COUNT);
    s02.intoArray(sums, at + 2 * COUNT);
    s03.intoArray(sums, at + 3 * COUNT);
    s10.intoArray(sums, at + 4 * COUNT);
    s11.intoArray(sums, at + 5 * COUNT);
    s12.intoArray(sums, at + 6 * COUNT);
    s13.intoArray(sums, at + 7 * COUNT);
    s20.intoArray(sums, at + 8 * COUNT);
    s21.intoArray(sums, at + 9 * COUNT);
    s22.intoArray(sums, at + 10 * COUNT);
    s23.intoArray(sums, at + 11 * COUNT);
    s30.intoArray(sums, at + 12 * COUNT);
    s31.intoArray(sums, at + 13 * COUNT);
    s32.intoArray(sums, at + 14 * COUNT);
    s33.intoArray(sums, at + 15 * COUNT);
    s40.intoArray(sums, at + 16 * COUNT);
    s41.intoArray(sums, at + 17 * COUNT);
    s42.intoArray(sums, at + 18 * COUNT);
    s43.intoArray(sums, at + 19 * COUNT);
    s50.intoArray(sums, at + 20 * COUNT);
    s51.intoArray(sums, at + 21 * COUNT);
    s52.intoArray(sums, at + 22 * COUNT);
    s53.intoArray(sums, at + 23 * COUNT);
  }

  private static void addTwo(
      float[] x, int atX, float[] w, int atW, int steps, float[] sums, int at) {
    FloatVector s00 = FloatVector.fromArray(FLOATS, sums, at);
    FloatVector s01 = FloatVector.fromArray(FLOATS, sums, at + COUNT);
    FloatVector s02 = FloatVector.fromArray(FLOATS, sums, at + 2 * COUNT);
    FloatVector s03 = FloatVector.fromArray(FLOATS, sums, at + 3 * COUNT);
    FloatVector s10 = FloatVector.fromArray(FLOATS, sums, at + 4 * COUNT);
    FloatVector s11 = FloatVector.fromArray(FLOATS, sums, at + 5 * COUNT);
    FloatVector s12 = FloatVector.fromArray(FLOATS, sums, at + 6 * COUNT);
    FloatVector s13 = FloatVector.fromArray(FLOATS, sums, at + 7 * COUNT);
    for (int k = 0; k < steps; k++) {
      int i = atX + k * (ROWS * COUNT);
      int j = atW + k * (COLUMNS * COUNT);
      FloatVector w0 = FloatVector.fromArray(FLOATS, w, j);
      FloatVector w1 = FloatVector.fromArray(FLOATS, w, j + COUNT);
      FloatVector w2 = FloatVector.fromArray(FLOATS, w, j + 2 * COUNT);
      FloatVector w3 = FloatVector.fromArray(FLOATS, w, j + 3 * COUNT);
      FloatVector x0 = FloatVector.fromArray(FLOATS, x, i);
      s00 = x0.fma(w0, s00);
      s01 = x0.fma(w1, s01);
      s02 = x0.fma(w2, s02);
      s03 = x0.fma(w3, s03);
      FloatVector x1 = FloatVector.fromArray(FLOATS, x, i + COUNT);
      s10 = x1.fma(w0, s10);
      s11 = x1.fma(w1, s11);
      s12 = x1.fma(w2, s12);
      s13 = x1.fma(w3, s13);
    }
    s00.intoArray(sums, at);
    s01.intoArray(sums, at + COUNT);
    s02.intoArray(sums, at + 2 * COUNT);
    s03.intoArray(sums, at + 3 * COUNT);
    s10.intoArray(sums, at + 4 * COUNT);
    s11.intoArray(sums, at + 5 * COUNT);
    s12.intoArray(sums, at + 6 * COUNT);
    s13.intoArray(sums, at + 7 * COUNT);
  }
}
