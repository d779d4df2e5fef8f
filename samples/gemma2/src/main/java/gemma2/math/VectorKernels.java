package gemma2.math;

import static gemma2.math.Lanes.COUNT;
import static gemma2.math.Lanes.FLOATS;

import jdk.incubator.vector.FloatVector;

/** The inner loops on the Vector API. */
final class VectorKernels implements Kernels {

  private static final float SQRT_2_OVER_PI = 0.79788456f;

  /**
   * Rows of weights that each of a few rows is multiplied with before the next ones, while they are
   * in a cache. Few are those that fill no more than a tile, which do not pay for laying weights
   * out.
   */
  private static final int BLOCK = 64;

  /** Sums of vectors that are under way at the same time. */
  private static final int TOGETHER = 4;

  @Override
  public String name() {
    return "Vector API, " + COUNT + " float lanes";
  }

  @Override
  public void multiply(Matrix w, float[][] x, float[][] y, int from, int to) {
    if (x.length == 1) {
      RowProduct.multiply(w, x[0], y[0], from, to);
    } else if (x.length <= Tile.ROWS) {
      for (int o = from; o < to; o += BLOCK) {
        for (int r = 0; r < x.length; r++) {
          RowProduct.multiply(w, x[r], y[r], o, Math.min(o + BLOCK, to));
        }
      }
    } else {
      TiledProduct.multiply(w, x, y, from, to);
    }
  }

  @Override
  public int columnsToBegin(int rows) {
    return rows <= Tile.ROWS ? 0 : TiledProduct.COLUMNS_TO_BEGIN;
  }

  @Override
  public boolean readAhead(Matrix w, int from, int to, int step) {
    return RowProduct.readAhead(w, from, to, step);
  }

  @Override
  public void dots(
      float[] a,
      int at,
      float[][] rows,
      int first,
      int column,
      int n,
      float[] out,
      int to,
      int count) {
    float[] sums = Scratch.own().four;
    for (int j = 0; j < count; j += TOGETHER) {
      int four = Math.min(TOGETHER, count - j);
      float[] r0 = rows[first + j];
      float[] r1 = rows[first + j + Math.min(1, four - 1)];
      float[] r2 = rows[first + j + Math.min(2, four - 1)];
      float[] r3 = rows[first + j + Math.min(3, four - 1)];
      fourDots(a, at, r0, r1, r2, r3, column, n, sums);
      Fold.four(sums, 0, out, to + j, four);
      for (int i = FLOATS.loopBound(n); i < n; i++) {
        for (int k = j; k < j + four; k++) {
          out[to + k] = Math.fma(a[at + i], rows[first + k][column + i], out[to + k]);
        }
      }
    }
  }

  private static void fourDots(
      float[] a,
      int at,
      float[] r0,
      float[] r1,
      float[] r2,
      float[] r3,
      int column,
      int n,
      float[] sums) {
    FloatVector s0 = FloatVector.zero(FLOATS);
    FloatVector s1 = FloatVector.zero(FLOATS);
    FloatVector s2 = FloatVector.zero(FLOATS);
    FloatVector s3 = FloatVector.zero(FLOATS);
    int bound = FLOATS.loopBound(n);
    for (int i = 0; i < bound; i += COUNT) {
      FloatVector v = FloatVector.fromArray(FLOATS, a, at + i);
      s0 = v.fma(FloatVector.fromArray(FLOATS, r0, column + i), s0);
      s1 = v.fma(FloatVector.fromArray(FLOATS, r1, column + i), s1);
      s2 = v.fma(FloatVector.fromArray(FLOATS, r2, column + i), s2);
      s3 = v.fma(FloatVector.fromArray(FLOATS, r3, column + i), s3);
    }
    s0.intoArray(sums, 0);
    s1.intoArray(sums, COUNT);
    s2.intoArray(sums, 2 * COUNT);
    s3.intoArray(sums, 3 * COUNT);
  }

  @Override
  public void blend(
      float[] weights,
      int at,
      int count,
      float[][] rows,
      int first,
      int column,
      int n,
      float[] out,
      int to) {
    int i = 0;
    for (; i <= n - 8 * COUNT; i += 8 * COUNT) {
      blendEight(weights, at, count, rows, first, column + i, out, to + i);
    }
    for (; i <= n - COUNT; i += COUNT) {
      blendOne(weights, at, count, rows, first, column + i, out, to + i);
    }
    for (; i < n; i++) {
      float sum = out[to + i];
      for (int j = 0; j < count; j++) {
        sum = Math.fma(weights[at + j], rows[first + j][column + i], sum);
      }
      out[to + i] = sum;
    }
  }

  private static void blendOne(
      float[] weights,
      int at,
      int count,
      float[][] rows,
      int first,
      int column,
      float[] out,
      int to) {
    FloatVector sum = FloatVector.fromArray(FLOATS, out, to);
    for (int j = 0; j < count; j++) {
      FloatVector weight = FloatVector.broadcast(FLOATS, weights[at + j]);
      sum = weight.fma(FloatVector.fromArray(FLOATS, rows[first + j], column), sum);
    }
    sum.intoArray(out, to);
  }

  private static void blendEight(
      float[] weights,
      int at,
      int count,
      float[][] rows,
      int first,
      int column,
      float[] out,
      int to) {
    FloatVector s0 = FloatVector.fromArray(FLOATS, out, to);
    FloatVector s1 = FloatVector.fromArray(FLOATS, out, to + COUNT);
    FloatVector s2 = FloatVector.fromArray(FLOATS, out, to + 2 * COUNT);
    FloatVector s3 = FloatVector.fromArray(FLOATS, out, to + 3 * COUNT);
    FloatVector s4 = FloatVector.fromArray(FLOATS, out, to + 4 * COUNT);
    FloatVector s5 = FloatVector.fromArray(FLOATS, out, to + 5 * COUNT);
    FloatVector s6 = FloatVector.fromArray(FLOATS, out, to + 6 * COUNT);
    FloatVector s7 = FloatVector.fromArray(FLOATS, out, to + 7 * COUNT);
    for (int j = 0; j < count; j++) {
      FloatVector weight = FloatVector.broadcast(FLOATS, weights[at + j]);
      float[] row = rows[first + j];
      s0 = weight.fma(FloatVector.fromArray(FLOATS, row, column), s0);
      s1 = weight.fma(FloatVector.fromArray(FLOATS, row, column + COUNT), s1);
      s2 = weight.fma(FloatVector.fromArray(FLOATS, row, column + 2 * COUNT), s2);
      s3 = weight.fma(FloatVector.fromArray(FLOATS, row, column + 3 * COUNT), s3);
      s4 = weight.fma(FloatVector.fromArray(FLOATS, row, column + 4 * COUNT), s4);
      s5 = weight.fma(FloatVector.fromArray(FLOATS, row, column + 5 * COUNT), s5);
      s6 = weight.fma(FloatVector.fromArray(FLOATS, row, column + 6 * COUNT), s6);
      s7 = weight.fma(FloatVector.fromArray(FLOATS, row, column + 7 * COUNT), s7);
    }
    s0.intoArray(out, to);
    s1.intoArray(out, to + COUNT);
    s2.intoArray(out, to + 2 * COUNT);
    s3.intoArray(out, to + 3 * COUNT);
    s4.intoArray(out, to + 4 * COUNT);
    s5.intoArray(out, to + 5 * COUNT);
    s6.intoArray(out, to + 6 * COUNT);
    s7.intoArray(out, to + 7 * COUNT);
  }

  /** In eight sums, so that none waits for another; no vectors, whose doubles would be boxed. */
  @Override
  public double sumOfSquares(float[] x) {
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    double s4 = 0;
    double s5 = 0;
    double s6 = 0;
    double s7 = 0;
    int bound = x.length & -8;
    for (int i = 0; i < bound; i += 8) {
      s0 += (double) x[i] * x[i];
      s1 += (double) x[i + 1] * x[i + 1];
      s2 += (double) x[i + 2] * x[i + 2];
      s3 += (double) x[i + 3] * x[i + 3];
      s4 += (double) x[i + 4] * x[i + 4];
      s5 += (double) x[i + 5] * x[i + 5];
      s6 += (double) x[i + 6] * x[i + 6];
      s7 += (double) x[i + 7] * x[i + 7];
    }
    double sum = ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7));
    for (int i = bound; i < x.length; i++) {
      sum += (double) x[i] * x[i];
    }
    return sum;
  }

  /** {@code y / (1 + e^-2v)}, which is {@code y (1 + tanh v) / 2}, v the cubic of the tanh form. */
  @Override
  public void multiplyGelu(float[] gate, float[] up, float[] out) {
    for (int i = 0; i < out.length; i++) {
      float y = gate[i];
      out[i] = -2 * SQRT_2_OVER_PI * (y + 0.044715f * y * y * y);
    }
    VectorMath.exp(out, 0, out.length);
    for (int i = 0; i < out.length; i++) {
      out[i] = gate[i] / (1 + out[i]) * up[i];
    }
  }

  /** {@code tanh y = (e^2y - 1) / (e^2y + 1)}. */
  @Override
  public void softcap(float[] x, int at, float cap, float[] out, int to, int n) {
    for (int i = 0; i < n; i++) {
      out[to + i] = 2 * (x[at + i] / cap);
    }
    VectorMath.expMinusOne(out, to, n);
    for (int i = to; i < to + n; i++) {
      out[i] = cap * (out[i] / (out[i] + 2));
    }
  }

  @Override
  public void softmax(float[] x, int at, float[] out, int to, int n) {
    float max = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < n; i++) {
      max = Math.max(max, x[at + i]);
    }
    for (int i = 0; i < n; i++) {
      out[to + i] = x[at + i] - max;
    }
    VectorMath.exp(out, to, n);
    double sum = 0;
    for (int i = 0; i < n; i++) {
      sum += out[to + i];
    }
    float inverse = (float) (1 / sum);
    for (int i = 0; i < n; i++) {
      out[to + i] *= inverse;
    }
  }
}
