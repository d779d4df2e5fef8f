package gemma2.math;

import static gemma2.math.Lanes.COUNT;
import static gemma2.math.Lanes.FLOATS;
import static gemma2.math.Lanes.STRETCH;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * One row of activations times a matrix: every weight is read once, widened in a register and used
 * once, so that memory sets the speed. Four rows of weights at a time keep four sums under way, and
 * they are taken a quarter of the range apart: each quarter is read from front to back, which is
 * what a processor fetches ahead of its use. Neighbours, whose reading starts anew with every row,
 * come at two thirds of that speed.
 *
 * <p>The loops over the kinds of weights are alike but for the widening, and are written out: one
 * that calls whichever widening is asked for is not compiled into vectors.
 */
final class RowProduct {

  private static final int TOGETHER = 4;

  private RowProduct() {}

  /** {@code y[o] = sum_i x[i] w[o][i]} for {@code from <= o < to}. */
  static void multiply(Matrix w, float[] x, float[] y, int from, int to) {
    Scratch scratch = Scratch.own();
    int quarter = Math.ceilDiv(to - from, TOGETHER);
    for (int o = from; o < from + quarter; o++) {
      // Where the last quarter is shorter, the last row is summed again.
      int o1 = Math.min(o + quarter, to - 1);
      int o2 = Math.min(o + 2 * quarter, to - 1);
      int o3 = Math.min(o + 3 * quarter, to - 1);
      float y0 = 0;
      float y1 = 0;
      float y2 = 0;
      float y3 = 0;
      for (int column = 0; column < x.length; column += STRETCH) {
        int n = Math.min(STRETCH, x.length - column);
        sum(w, o, o1, o2, o3, x, column, n, scratch);
        y0 += scratch.four[0];
        y1 += scratch.four[1];
        y2 += scratch.four[2];
        y3 += scratch.four[3];
      }
      y[o] = y0;
      y[o1] = y1;
      y[o2] = y2;
      y[o3] = y3;
    }
  }

  /** Four sums over a stretch, to {@code scratch.four}. */
  private static void sum(
      Matrix w, int o0, int o1, int o2, int o3, float[] x, int column, int n, Scratch scratch) {
    long row = w.dtype().bytes(w.columns());
    long stretch = w.dtype().bytes(column);
    long p0 = o0 * row + stretch;
    long p1 = o1 * row + stretch;
    long p2 = o2 * row + stretch;
    long p3 = o3 * row + stretch;
    switch (w.dtype()) {
      case F32 -> f32(w.data(), p0, p1, p2, p3, x, column, n, scratch.four);
      case BF16 -> bf16(w.data(), p0, p1, p2, p3, x, column, n, scratch.four);
      case F16 -> f16(w.data(), p0, p1, p2, p3, x, column, n, scratch.four);
      case Q8_0, Q4_0, Q4_K, Q6_K -> {
        float[] rows = scratch.rows(TOGETHER * STRETCH);
        MemorySegment widened = MemorySegment.ofArray(rows);
        w.widen(o0, column, n, widened, 0);
        w.widen(o1, column, n, widened, 4L * n);
        w.widen(o2, column, n, widened, 8L * n);
        w.widen(o3, column, n, widened, 12L * n);
        floats(rows, x, column, n, scratch.four);
      }
    }
    if (Lanes.rest(n) > 0) {
      addRest(w, o0, o1, o2, o3, x, scratch);
    }
    Fold.four(scratch.four, 0, scratch.four, 0, TOGETHER);
  }

  private static void f32(
      MemorySegment w,
      long p0,
      long p1,
      long p2,
      long p3,
      float[] x,
      int column,
      int n,
      float[] sums) {
    FloatVector s0 = FloatVector.zero(FLOATS);
    FloatVector s1 = FloatVector.zero(FLOATS);
    FloatVector s2 = FloatVector.zero(FLOATS);
    FloatVector s3 = FloatVector.zero(FLOATS);
    for (int i = 0; i < FLOATS.loopBound(n); i += COUNT) {
      FloatVector a = FloatVector.fromArray(FLOATS, x, column + i);
      s0 = a.fma(Widening.f32(w, p0 + 4L * i), s0);
      s1 = a.fma(Widening.f32(w, p1 + 4L * i), s1);
      s2 = a.fma(Widening.f32(w, p2 + 4L * i), s2);
      s3 = a.fma(Widening.f32(w, p3 + 4L * i), s3);
    }
    store(s0, s1, s2, s3, sums);
  }

  private static void bf16(
      MemorySegment w,
      long p0,
      long p1,
      long p2,
      long p3,
      float[] x,
      int column,
      int n,
      float[] sums) {
    FloatVector s0 = FloatVector.zero(FLOATS);
    FloatVector s1 = FloatVector.zero(FLOATS);
    FloatVector s2 = FloatVector.zero(FLOATS);
    FloatVector s3 = FloatVector.zero(FLOATS);
    for (int i = 0; i < FLOATS.loopBound(n); i += COUNT) {
      FloatVector a = FloatVector.fromArray(FLOATS, x, column + i);
      s0 = a.fma(Widening.bf16(w, p0 + 2L * i), s0);
      s1 = a.fma(Widening.bf16(w, p1 + 2L * i), s1);
      s2 = a.fma(Widening.bf16(w, p2 + 2L * i), s2);
      s3 = a.fma(Widening.bf16(w, p3 + 2L * i), s3);
    }
    store(s0, s1, s2, s3, sums);
  }

  private static void f16(
      MemorySegment w,
      long p0,
      long p1,
      long p2,
      long p3,
      float[] x,
      int column,
      int n,
      float[] sums) {
    FloatVector s0 = FloatVector.zero(FLOATS);
    FloatVector s1 = FloatVector.zero(FLOATS);
    FloatVector s2 = FloatVector.zero(FLOATS);
    FloatVector s3 = FloatVector.zero(FLOATS);
    for (int i = 0; i < FLOATS.loopBound(n); i += COUNT) {
      FloatVector a = FloatVector.fromArray(FLOATS, x, column + i);
      s0 = a.fma(Widening.f16(w, p0 + 2L * i), s0);
      s1 = a.fma(Widening.f16(w, p1 + 2L * i), s1);
      s2 = a.fma(Widening.f16(w, p2 + 2L * i), s2);
      s3 = a.fma(Widening.f16(w, p3 + 2L * i), s3);
    }
    store(s0, s1, s2, s3, sums);
  }

  /** The rows are {@code n} numbers long, one behind the other. */
  private static void floats(float[] rows, float[] x, int column, int n, float[] sums) {
    FloatVector s0 = FloatVector.zero(FLOATS);
    FloatVector s1 = FloatVector.zero(FLOATS);
    FloatVector s2 = FloatVector.zero(FLOATS);
    FloatVector s3 = FloatVector.zero(FLOATS);
    for (int i = 0; i < FLOATS.loopBound(n); i += COUNT) {
      FloatVector a = FloatVector.fromArray(FLOATS, x, column + i);
      s0 = a.fma(FloatVector.fromArray(FLOATS, rows, i), s0);
      s1 = a.fma(FloatVector.fromArray(FLOATS, rows, n + i), s1);
      s2 = a.fma(FloatVector.fromArray(FLOATS, rows, 2 * n + i), s2);
      s3 = a.fma(FloatVector.fromArray(FLOATS, rows, 3 * n + i), s3);
    }
    store(s0, s1, s2, s3, sums);
  }

  private static void store(
      FloatVector s0, FloatVector s1, FloatVector s2, FloatVector s3, float[] sums) {
    s0.intoArray(sums, 0);
    s1.intoArray(sums, COUNT);
    s2.intoArray(sums, 2 * COUNT);
    s3.intoArray(sums, 3 * COUNT);
  }

  private static void addRest(
      Matrix w, int o0, int o1, int o2, int o3, float[] x, Scratch scratch) {
    int rest = Lanes.rest(x.length);
    FloatVector a = Widening.rest(x, rest, scratch);
    addRest(Widening.rest(w, o0, rest, scratch), a, scratch.four, 0);
    addRest(Widening.rest(w, o1, rest, scratch), a, scratch.four, COUNT);
    addRest(Widening.rest(w, o2, rest, scratch), a, scratch.four, 2 * COUNT);
    addRest(Widening.rest(w, o3, rest, scratch), a, scratch.four, 3 * COUNT);
  }

  private static void addRest(FloatVector w, FloatVector x, float[] sums, int at) {
    x.fma(w, FloatVector.fromArray(FLOATS, sums, at)).intoArray(sums, at);
  }
}
