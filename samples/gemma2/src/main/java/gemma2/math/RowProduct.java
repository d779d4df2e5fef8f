package gemma2.math;

import static gemma2.math.Lanes.COUNT;
import static gemma2.math.Lanes.FLOATS;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * One row of activations times a matrix: every weight is read once, widened in a register and used
 * once, so that memory sets the speed. Four rows of weights at a time keep four sums under way.
 */
final class RowProduct {

  private static final int TOGETHER = 4;

  private RowProduct() {}

  /** {@code y[o] = sum_i x[i] w[o][i]} for {@code from <= o < to}. */
  static void multiply(Matrix w, float[] x, float[] y, int from, int to) {
    Scratch scratch = Scratch.own();
    for (int o = from; o < to; o += TOGETHER) {
      int count = Math.min(TOGETHER, to - o);
      sum(w, o, count, x, scratch);
      int rest = Lanes.rest(x.length);
      if (rest > 0) {
        addRest(w, o, count, x, rest, scratch);
      }
      Fold.four(scratch.four, 0, y, o, count);
    }
  }

  /** Where fewer than four rows are left, the last one is summed again. */
  private static void sum(Matrix w, int o, int count, float[] x, Scratch scratch) {
    long row = w.dtype().bytes(w.columns());
    long p0 = o * row;
    long p1 = p0 + Math.min(1, count - 1) * row;
    long p2 = p0 + Math.min(2, count - 1) * row;
    long p3 = p0 + Math.min(3, count - 1) * row;
    switch (w.dtype()) {
      case F32 -> f32(w.data(), p0, p1, p2, p3, x, scratch.four);
      case BF16 -> bf16(w.data(), p0, p1, p2, p3, x, scratch.four);
      case F16 -> f16(w.data(), p0, p1, p2, p3, x, scratch.four);
      case Q8_0, Q4_0, Q4_K, Q6_K -> {
        float[] rows = scratch.row(TOGETHER * w.columns());
        for (int i = 0; i < count; i++) {
          w.widen(o + i, rows, i * w.columns());
        }
        floats(rows, x, scratch.four);
      }
    }
  }

  private static void f32(
      MemorySegment w, long p0, long p1, long p2, long p3, float[] x, float[] sums) {
    FloatVector s0 = FloatVector.zero(FLOATS);
    FloatVector s1 = FloatVector.zero(FLOATS);
    FloatVector s2 = FloatVector.zero(FLOATS);
    FloatVector s3 = FloatVector.zero(FLOATS);
    for (int i = 0; i < FLOATS.loopBound(x.length); i += COUNT) {
      FloatVector a = FloatVector.fromArray(FLOATS, x, i);
      s0 = a.fma(Widening.f32(w, p0 + 4L * i), s0);
      s1 = a.fma(Widening.f32(w, p1 + 4L * i), s1);
      s2 = a.fma(Widening.f32(w, p2 + 4L * i), s2);
      s3 = a.fma(Widening.f32(w, p3 + 4L * i), s3);
    }
    store(s0, s1, s2, s3, sums);
  }

  private static void bf16(
      MemorySegment w, long p0, long p1, long p2, long p3, float[] x, float[] sums) {
    FloatVector s0 = FloatVector.zero(FLOATS);
    FloatVector s1 = FloatVector.zero(FLOATS);
    FloatVector s2 = FloatVector.zero(FLOATS);
    FloatVector s3 = FloatVector.zero(FLOATS);
    for (int i = 0; i < FLOATS.loopBound(x.length); i += COUNT) {
      FloatVector a = FloatVector.fromArray(FLOATS, x, i);
      s0 = a.fma(Widening.bf16(w, p0 + 2L * i), s0);
      s1 = a.fma(Widening.bf16(w, p1 + 2L * i), s1);
      s2 = a.fma(Widening.bf16(w, p2 + 2L * i), s2);
      s3 = a.fma(Widening.bf16(w, p3 + 2L * i), s3);
    }
    store(s0, s1, s2, s3, sums);
  }

  private static void f16(
      MemorySegment w, long p0, long p1, long p2, long p3, float[] x, float[] sums) {
    FloatVector s0 = FloatVector.zero(FLOATS);
    FloatVector s1 = FloatVector.zero(FLOATS);
    FloatVector s2 = FloatVector.zero(FLOATS);
    FloatVector s3 = FloatVector.zero(FLOATS);
    for (int i = 0; i < FLOATS.loopBound(x.length); i += COUNT) {
      FloatVector a = FloatVector.fromArray(FLOATS, x, i);
      s0 = a.fma(Widening.f16(w, p0 + 2L * i), s0);
      s1 = a.fma(Widening.f16(w, p1 + 2L * i), s1);
      s2 = a.fma(Widening.f16(w, p2 + 2L * i), s2);
      s3 = a.fma(Widening.f16(w, p3 + 2L * i), s3);
    }
    store(s0, s1, s2, s3, sums);
  }

  /** The rows are as long as x, one behind the other. */
  private static void floats(float[] rows, float[] x, float[] sums) {
    FloatVector s0 = FloatVector.zero(FLOATS);
    FloatVector s1 = FloatVector.zero(FLOATS);
    FloatVector s2 = FloatVector.zero(FLOATS);
    FloatVector s3 = FloatVector.zero(FLOATS);
    int n = x.length;
    for (int i = 0; i < FLOATS.loopBound(n); i += COUNT) {
      FloatVector a = FloatVector.fromArray(FLOATS, x, i);
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

  private static void addRest(Matrix w, int o, int count, float[] x, int rest, Scratch scratch) {
    FloatVector a = Widening.rest(x, rest, scratch);
    for (int i = 0; i < count; i++) {
      FloatVector b = Widening.rest(w, o + i, rest, scratch);
      a.fma(b, FloatVector.fromArray(FLOATS, scratch.four, i * COUNT))
          .intoArray(scratch.four, i * COUNT);
    }
  }
}
