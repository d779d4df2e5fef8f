package gemma2.math;

import static gemma2.math.Lanes.COUNT;
import static gemma2.math.Lanes.FLOATS;

import jdk.incubator.vector.FloatVector;

/**
 * The inner loop of a product of many rows: {@link #ROWS} x {@link #COLUMNS} sums, all of them in
 * registers. Each is one chain of fused multiply-adds.
 *
 * <p>Written out, because the compiler keeps local variables in registers and nothing else. Arrays,
 * because it keeps track of what kind of memory a segment is: where vectors are read from segments
 * of several kinds, it looks at the kind again with every vector, and this takes three times as
 * long. {@link Scratch} sees to it that the arrays lie well.
 */
final class Tile {

  /** Rows of activations. */
  static final int ROWS = 12;

  /** Rows of weights, which are columns of the product. */
  static final int COLUMNS = 2 * COUNT;

  static final int SUMS = ROWS * COLUMNS;

  /** The sums of a tile, and those that wait to be added: one for every halving of a vector. */
  static final int WAITING = (1 + Integer.numberOfTrailingZeros(COUNT)) * SUMS;

  private static final int HALF = ROWS / 2;

  /** Processors have 32 vector registers where those have 512 bits, and perhaps 16 elsewhere. */
  private static final boolean WHOLE = FLOATS.vectorBitSize() >= 512;

  private Tile() {}

  /**
   * {@code sums[r][c] = sum_k x[k][r] w[k][c]}, in the order of k.
   *
   * @param x a panel {@code [steps][ROWS]}
   * @param w a panel {@code [steps][COLUMNS]}
   * @param sums {@code [ROWS][COLUMNS]}
   */
  static void multiply(float[] x, int atX, float[] w, int atW, int steps, float[] sums, int at) {
    if (WHOLE) {
      multiplyWhole(x, atX, w, atW, steps, sums, at);
    } else {
      multiplyHalf(x, atX, w, atW, steps, sums, at);
      multiplyHalf(x, atX + HALF, w, atW, steps, sums, at + HALF * COLUMNS);
    }
  }

  /** {@code sums[at + i] += sums[from + i]} for the sums of a tile. */
  static void add(float[] sums, int at, int from) {
    for (int i = 0; i < SUMS; i += COUNT) {
      FloatVector sum = FloatVector.fromArray(FLOATS, sums, at + i);
      sum.add(FloatVector.fromArray(FLOATS, sums, from + i)).intoArray(sums, at + i);
    }
  }

  private static void multiplyWhole(
      float[] x, int atX, float[] w, int atW, int steps, float[] sums, int at) {
    FloatVector left0 = FloatVector.zero(FLOATS);
    FloatVector right0 = FloatVector.zero(FLOATS);
    FloatVector left1 = FloatVector.zero(FLOATS);
    FloatVector right1 = FloatVector.zero(FLOATS);
    FloatVector left2 = FloatVector.zero(FLOATS);
    FloatVector right2 = FloatVector.zero(FLOATS);
    FloatVector left3 = FloatVector.zero(FLOATS);
    FloatVector right3 = FloatVector.zero(FLOATS);
    FloatVector left4 = FloatVector.zero(FLOATS);
    FloatVector right4 = FloatVector.zero(FLOATS);
    FloatVector left5 = FloatVector.zero(FLOATS);
    FloatVector right5 = FloatVector.zero(FLOATS);
    FloatVector left6 = FloatVector.zero(FLOATS);
    FloatVector right6 = FloatVector.zero(FLOATS);
    FloatVector left7 = FloatVector.zero(FLOATS);
    FloatVector right7 = FloatVector.zero(FLOATS);
    FloatVector left8 = FloatVector.zero(FLOATS);
    FloatVector right8 = FloatVector.zero(FLOATS);
    FloatVector left9 = FloatVector.zero(FLOATS);
    FloatVector right9 = FloatVector.zero(FLOATS);
    FloatVector left10 = FloatVector.zero(FLOATS);
    FloatVector right10 = FloatVector.zero(FLOATS);
    FloatVector left11 = FloatVector.zero(FLOATS);
    FloatVector right11 = FloatVector.zero(FLOATS);
    for (int k = 0; k < steps; k++) {
      int row = atX + k * ROWS;
      int column = atW + k * COLUMNS;
      FloatVector left = FloatVector.fromArray(FLOATS, w, column);
      FloatVector right = FloatVector.fromArray(FLOATS, w, column + COUNT);
      FloatVector x0 = FloatVector.broadcast(FLOATS, x[row]);
      left0 = x0.fma(left, left0);
      right0 = x0.fma(right, right0);
      FloatVector x1 = FloatVector.broadcast(FLOATS, x[row + 1]);
      left1 = x1.fma(left, left1);
      right1 = x1.fma(right, right1);
      FloatVector x2 = FloatVector.broadcast(FLOATS, x[row + 2]);
      left2 = x2.fma(left, left2);
      right2 = x2.fma(right, right2);
      FloatVector x3 = FloatVector.broadcast(FLOATS, x[row + 3]);
      left3 = x3.fma(left, left3);
      right3 = x3.fma(right, right3);
      FloatVector x4 = FloatVector.broadcast(FLOATS, x[row + 4]);
      left4 = x4.fma(left, left4);
      right4 = x4.fma(right, right4);
      FloatVector x5 = FloatVector.broadcast(FLOATS, x[row + 5]);
      left5 = x5.fma(left, left5);
      right5 = x5.fma(right, right5);
      FloatVector x6 = FloatVector.broadcast(FLOATS, x[row + 6]);
      left6 = x6.fma(left, left6);
      right6 = x6.fma(right, right6);
      FloatVector x7 = FloatVector.broadcast(FLOATS, x[row + 7]);
      left7 = x7.fma(left, left7);
      right7 = x7.fma(right, right7);
      FloatVector x8 = FloatVector.broadcast(FLOATS, x[row + 8]);
      left8 = x8.fma(left, left8);
      right8 = x8.fma(right, right8);
      FloatVector x9 = FloatVector.broadcast(FLOATS, x[row + 9]);
      left9 = x9.fma(left, left9);
      right9 = x9.fma(right, right9);
      FloatVector x10 = FloatVector.broadcast(FLOATS, x[row + 10]);
      left10 = x10.fma(left, left10);
      right10 = x10.fma(right, right10);
      FloatVector x11 = FloatVector.broadcast(FLOATS, x[row + 11]);
      left11 = x11.fma(left, left11);
      right11 = x11.fma(right, right11);
    }
    left0.intoArray(sums, at);
    right0.intoArray(sums, at + COUNT);
    left1.intoArray(sums, at + 2 * COUNT);
    right1.intoArray(sums, at + 3 * COUNT);
    left2.intoArray(sums, at + 4 * COUNT);
    right2.intoArray(sums, at + 5 * COUNT);
    left3.intoArray(sums, at + 6 * COUNT);
    right3.intoArray(sums, at + 7 * COUNT);
    left4.intoArray(sums, at + 8 * COUNT);
    right4.intoArray(sums, at + 9 * COUNT);
    left5.intoArray(sums, at + 10 * COUNT);
    right5.intoArray(sums, at + 11 * COUNT);
    left6.intoArray(sums, at + 12 * COUNT);
    right6.intoArray(sums, at + 13 * COUNT);
    left7.intoArray(sums, at + 14 * COUNT);
    right7.intoArray(sums, at + 15 * COUNT);
    left8.intoArray(sums, at + 16 * COUNT);
    right8.intoArray(sums, at + 17 * COUNT);
    left9.intoArray(sums, at + 18 * COUNT);
    right9.intoArray(sums, at + 19 * COUNT);
    left10.intoArray(sums, at + 20 * COUNT);
    right10.intoArray(sums, at + 21 * COUNT);
    left11.intoArray(sums, at + 22 * COUNT);
    right11.intoArray(sums, at + 23 * COUNT);
  }

  private static void multiplyHalf(
      float[] x, int atX, float[] w, int atW, int steps, float[] sums, int at) {
    FloatVector left0 = FloatVector.zero(FLOATS);
    FloatVector right0 = FloatVector.zero(FLOATS);
    FloatVector left1 = FloatVector.zero(FLOATS);
    FloatVector right1 = FloatVector.zero(FLOATS);
    FloatVector left2 = FloatVector.zero(FLOATS);
    FloatVector right2 = FloatVector.zero(FLOATS);
    FloatVector left3 = FloatVector.zero(FLOATS);
    FloatVector right3 = FloatVector.zero(FLOATS);
    FloatVector left4 = FloatVector.zero(FLOATS);
    FloatVector right4 = FloatVector.zero(FLOATS);
    FloatVector left5 = FloatVector.zero(FLOATS);
    FloatVector right5 = FloatVector.zero(FLOATS);
    for (int k = 0; k < steps; k++) {
      int row = atX + k * ROWS;
      int column = atW + k * COLUMNS;
      FloatVector left = FloatVector.fromArray(FLOATS, w, column);
      FloatVector right = FloatVector.fromArray(FLOATS, w, column + COUNT);
      FloatVector x0 = FloatVector.broadcast(FLOATS, x[row]);
      left0 = x0.fma(left, left0);
      right0 = x0.fma(right, right0);
      FloatVector x1 = FloatVector.broadcast(FLOATS, x[row + 1]);
      left1 = x1.fma(left, left1);
      right1 = x1.fma(right, right1);
      FloatVector x2 = FloatVector.broadcast(FLOATS, x[row + 2]);
      left2 = x2.fma(left, left2);
      right2 = x2.fma(right, right2);
      FloatVector x3 = FloatVector.broadcast(FLOATS, x[row + 3]);
      left3 = x3.fma(left, left3);
      right3 = x3.fma(right, right3);
      FloatVector x4 = FloatVector.broadcast(FLOATS, x[row + 4]);
      left4 = x4.fma(left, left4);
      right4 = x4.fma(right, right4);
      FloatVector x5 = FloatVector.broadcast(FLOATS, x[row + 5]);
      left5 = x5.fma(left, left5);
      right5 = x5.fma(right, right5);
    }
    left0.intoArray(sums, at);
    right0.intoArray(sums, at + COUNT);
    left1.intoArray(sums, at + 2 * COUNT);
    right1.intoArray(sums, at + 3 * COUNT);
    left2.intoArray(sums, at + 4 * COUNT);
    right2.intoArray(sums, at + 5 * COUNT);
    left3.intoArray(sums, at + 6 * COUNT);
    right3.intoArray(sums, at + 7 * COUNT);
    left4.intoArray(sums, at + 8 * COUNT);
    right4.intoArray(sums, at + 9 * COUNT);
    left5.intoArray(sums, at + 10 * COUNT);
    right5.intoArray(sums, at + 11 * COUNT);
  }
}
