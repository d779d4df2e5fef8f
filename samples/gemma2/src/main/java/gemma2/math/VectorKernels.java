package gemma2.math;

import static gemma2.math.Lanes.COUNT;
import static gemma2.math.Lanes.DOUBLES;
import static gemma2.math.Lanes.FLOATS;
import static gemma2.math.Lanes.HALF;
import static jdk.incubator.vector.VectorOperators.F2D;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** The inner loops on the Vector API. */
final class VectorKernels implements Kernels {

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
    } else {
      TiledProduct.multiply(w, x, y, from, to);
    }
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
    if (bound < n) {
      VectorMask<Float> rest = FLOATS.indexInRange(bound, n);
      FloatVector v = FloatVector.fromArray(FLOATS, a, at + bound, rest);
      s0 = v.fma(FloatVector.fromArray(FLOATS, r0, column + bound, rest), s0);
      s1 = v.fma(FloatVector.fromArray(FLOATS, r1, column + bound, rest), s1);
      s2 = v.fma(FloatVector.fromArray(FLOATS, r2, column + bound, rest), s2);
      s3 = v.fma(FloatVector.fromArray(FLOATS, r3, column + bound, rest), s3);
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
    for (; i <= n - TOGETHER * COUNT; i += TOGETHER * COUNT) {
      blendFour(weights, at, count, rows, first, column + i, out, to + i);
    }
    for (; i < n; i += COUNT) {
      VectorMask<Float> within = FLOATS.indexInRange(i, n);
      FloatVector sum = FloatVector.fromArray(FLOATS, out, to + i, within);
      for (int j = 0; j < count; j++) {
        FloatVector weight = FloatVector.broadcast(FLOATS, weights[at + j]);
        sum = weight.fma(FloatVector.fromArray(FLOATS, rows[first + j], column + i, within), sum);
      }
      sum.intoArray(out, to + i, within);
    }
  }

  private static void blendFour(
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
    for (int j = 0; j < count; j++) {
      FloatVector weight = FloatVector.broadcast(FLOATS, weights[at + j]);
      float[] row = rows[first + j];
      s0 = weight.fma(FloatVector.fromArray(FLOATS, row, column), s0);
      s1 = weight.fma(FloatVector.fromArray(FLOATS, row, column + COUNT), s1);
      s2 = weight.fma(FloatVector.fromArray(FLOATS, row, column + 2 * COUNT), s2);
      s3 = weight.fma(FloatVector.fromArray(FLOATS, row, column + 3 * COUNT), s3);
    }
    s0.intoArray(out, to);
    s1.intoArray(out, to + COUNT);
    s2.intoArray(out, to + 2 * COUNT);
    s3.intoArray(out, to + 3 * COUNT);
  }

  @Override
  public double sumOfSquares(float[] x) {
    DoubleVector even = DoubleVector.zero(DOUBLES);
    DoubleVector odd = DoubleVector.zero(DOUBLES);
    int bound = FLOATS.loopBound(x.length);
    for (int i = 0; i < bound; i += COUNT) {
      DoubleVector a = doubles(x, i);
      DoubleVector b = doubles(x, i + COUNT / 2);
      even = a.fma(a, even);
      odd = b.fma(b, odd);
    }
    double sum = sum(even.add(odd));
    for (int i = bound; i < x.length; i++) {
      sum += (double) x[i] * x[i];
    }
    return sum;
  }

  private static DoubleVector doubles(float[] x, int at) {
    return (DoubleVector) FloatVector.fromArray(HALF, x, at).convertShape(F2D, DOUBLES, 0);
  }

  private static double sum(DoubleVector v) {
    double[] lanes = Scratch.own().doubles;
    v.intoArray(lanes, 0);
    for (int half = lanes.length / 2; half > 0; half /= 2) {
      for (int i = 0; i < half; i++) {
        lanes[i] += lanes[i + half];
      }
    }
    return lanes[0];
  }

  @Override
  public void multiplyGelu(float[] gate, float[] up, float[] out) {
    int bound = FLOATS.loopBound(out.length);
    for (int i = 0; i < bound; i += COUNT) {
      VectorMath.gelu(FloatVector.fromArray(FLOATS, gate, i))
          .mul(FloatVector.fromArray(FLOATS, up, i))
          .intoArray(out, i);
    }
    if (bound < out.length) {
      VectorMask<Float> rest = FLOATS.indexInRange(bound, out.length);
      VectorMath.gelu(FloatVector.fromArray(FLOATS, gate, bound, rest))
          .mul(FloatVector.fromArray(FLOATS, up, bound, rest))
          .intoArray(out, bound, rest);
    }
  }

  @Override
  public void softcap(float[] x, int at, float cap, float[] out, int to, int n) {
    int bound = FLOATS.loopBound(n);
    for (int i = 0; i < bound; i += COUNT) {
      VectorMath.tanh(FloatVector.fromArray(FLOATS, x, at + i).div(cap))
          .mul(cap)
          .intoArray(out, to + i);
    }
    if (bound < n) {
      VectorMask<Float> rest = FLOATS.indexInRange(bound, n);
      VectorMath.tanh(FloatVector.fromArray(FLOATS, x, at + bound, rest).div(cap))
          .mul(cap)
          .intoArray(out, to + bound, rest);
    }
  }

  @Override
  public void softmax(float[] x, int at, float[] out, int to, int n) {
    float max = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < n; i++) {
      max = Math.max(max, x[at + i]);
    }
    double sum = exponentials(x, at, max, out, to, n);
    float inverse = (float) (1 / sum);
    for (int i = 0; i < n; i++) {
      out[to + i] *= inverse;
    }
  }

  /** {@code out[to + i] = exp(x[at + i] - max)}, and their sum. */
  private static double exponentials(float[] x, int at, float max, float[] out, int to, int n) {
    DoubleVector even = DoubleVector.zero(DOUBLES);
    DoubleVector odd = DoubleVector.zero(DOUBLES);
    int bound = FLOATS.loopBound(n);
    for (int i = 0; i < bound; i += COUNT) {
      VectorMath.exp(FloatVector.fromArray(FLOATS, x, at + i).sub(max)).intoArray(out, to + i);
      even = even.add(doubles(out, to + i));
      odd = odd.add(doubles(out, to + i + COUNT / 2));
    }
    double sum = sum(even.add(odd));
    if (bound < n) {
      VectorMask<Float> rest = FLOATS.indexInRange(bound, n);
      VectorMath.exp(FloatVector.fromArray(FLOATS, x, at + bound, rest).sub(max))
          .intoArray(out, to + bound, rest);
      for (int i = bound; i < n; i++) {
        sum += out[to + i];
      }
    }
    return sum;
  }
}
