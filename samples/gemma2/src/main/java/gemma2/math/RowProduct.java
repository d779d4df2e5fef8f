package gemma2.math;

import static gemma2.math.Lanes.COUNT;
import static gemma2.math.Lanes.FLOATS;
import static gemma2.math.Lanes.STRETCH;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;

/**
 * One row of activations times a matrix: every weight is read once, widened in a register and used
 * once, so that memory sets the speed. Four rows of weights at a time keep four sums under way, and
 * they are taken a quarter of the range apart: each quarter is read from front to back, which is
 * what a processor fetches ahead of its use. Neighbours, whose reading starts anew with every row,
 * come at two thirds of that speed.
 *
 * <p>Whatever a processor does between two rows, it does not read ahead meanwhile. So the sums of
 * many rows are left as vectors, and folded when all of them are there.
 *
 * <p>The loops over the kinds of weights are alike but for the widening, and are written out: one
 * that calls whichever widening is asked for is not compiled into vectors.
 */
final class RowProduct {

  private static final int TOGETHER = 4;

  /** Stretches of four rows whose sums wait to be folded; they stay in the second cache. */
  private static final int WAITING = 256;

  /** Bytes that memory gives at once. */
  private static final int LINE = 64;

  /** Bytes that are read ahead in a step, of each of four rows. */
  private static final int CHUNK = 1024;

  /** Bytes that a thread reads ahead at most; they stay in the third cache, half in the second. */
  private static final int AHEAD = 2 << 20;

  private RowProduct() {}

  /** {@code y[o] = sum_i x[i] w[o][i]} for {@code from <= o < to}. */
  static void multiply(Matrix w, float[] x, float[] y, int from, int to) {
    Scratch scratch = Scratch.own();
    int quarter = Math.ceilDiv(to - from, TOGETHER);
    int stretches = Math.ceilDiv(x.length, STRETCH);
    int most = Math.clamp(WAITING / stretches, 1, Math.max(1, quarter));
    float[] sums = scratch.sums(most * stretches * TOGETHER * COUNT);
    for (int o0 = from; o0 < from + quarter; o0 += most) {
      int rows = Math.min(most, from + quarter - o0);
      // Where the last quarter is shorter, some of its rows are summed again.
      int o1 = Math.min(o0 + quarter, to - rows);
      int o2 = Math.min(o0 + 2 * quarter, to - rows);
      int o3 = Math.min(o0 + 3 * quarter, to - rows);
      sum(w, o0, o1, o2, o3, rows, x, sums, scratch);
      fold(sums, stretches, scratch.four, rows, y, o0, o1, o2, o3);
    }
  }

  /** Reads the beginning of each quarter, a chunk of it in a step. */
  static boolean readAhead(Matrix w, int from, int to, int step) {
    long row = w.dtype().bytes(w.columns());
    long quarter = Math.ceilDiv(to - from, TOGETHER) * row;
    long ahead = (long) step * CHUNK;
    // The last quarter may be shorter.
    long most = Math.min(AHEAD / TOGETHER, (to - from) * row - (TOGETHER - 1) * quarter);
    if (ahead + CHUNK > most) {
      return false;
    }
    long sum = 0;
    for (int q = 0; q < TOGETHER; q++) {
      sum += read(w.data(), from * row + q * quarter + ahead);
    }
    Scratch.own().read = sum;
    return true;
  }

  private static long read(MemorySegment data, long at) {
    long sum = 0;
    for (int i = 0; i < CHUNK; i += LINE) {
      sum += data.get(ValueLayout.JAVA_BYTE, at + i);
    }
    return sum;
  }

  /** Folds the sums of every stretch and adds those of a row, one after the other. */
  private static void fold(
      float[] sums,
      int stretches,
      float[] four,
      int rows,
      float[] y,
      int o0,
      int o1,
      int o2,
      int o3) {
    int at = 0;
    for (int r = 0; r < rows; r++) {
      float y0 = 0;
      float y1 = 0;
      float y2 = 0;
      float y3 = 0;
      for (int s = 0; s < stretches; s++) {
        Fold.four(sums, at, four, 0, TOGETHER);
        y0 += four[0];
        y1 += four[1];
        y2 += four[2];
        y3 += four[3];
        at += TOGETHER * COUNT;
      }
      y[o0 + r] = y0;
      y[o1 + r] = y1;
      y[o2 + r] = y2;
      y[o3 + r] = y3;
    }
  }

  /** The sums of {@code rows} rows from each of four on, {@code [row][stretch][four][lane]}. */
  private static void sum(
      Matrix w,
      int o0,
      int o1,
      int o2,
      int o3,
      int rows,
      float[] x,
      float[] sums,
      Scratch scratch) {
    MemorySegment data = w.data();
    Dtype dtype = w.dtype();
    long row = dtype.bytes(w.columns());
    long stretch = dtype.bytes(STRETCH);
    int to = 0;
    for (int r = 0; r < rows; r++) {
      long p0 = (o0 + r) * row;
      long p1 = (o1 + r) * row;
      long p2 = (o2 + r) * row;
      long p3 = (o3 + r) * row;
      for (int column = 0; column < x.length; column += STRETCH) {
        int n = Math.min(STRETCH, x.length - column);
        switch (dtype) {
          case F32 -> f32(data, p0, p1, p2, p3, x, column, n, sums, to);
          case BF16 -> bf16(data, p0, p1, p2, p3, x, column, n, sums, to);
          case F16 -> {
            f16(data, p0, p1, x, column, n, sums, to);
            f16(data, p2, p3, x, column, n, sums, to + 2 * COUNT);
          }
          case Q8_0, Q4_0, Q4_K, Q6_K ->
              blocks(w, o0 + r, o1 + r, o2 + r, o3 + r, x, column, n, sums, to, scratch);
        }
        p0 += stretch;
        p1 += stretch;
        p2 += stretch;
        p3 += stretch;
        to += TOGETHER * COUNT;
      }
    }
    if (Lanes.rest(x.length) > 0) {
      addRests(w, o0, o1, o2, o3, rows, x, sums, scratch);
    }
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
      float[] sums,
      int to) {
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
    store(s0, s1, s2, s3, sums, to);
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
      float[] sums,
      int to) {
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
    store(s0, s1, s2, s3, sums, to);
  }

  /** Two rows: widening takes so much code that the compiler leaves out the third and fourth. */
  private static void f16(
      MemorySegment w, long p0, long p1, float[] x, int column, int n, float[] sums, int to) {
    FloatVector s0 = FloatVector.zero(FLOATS);
    FloatVector s1 = FloatVector.zero(FLOATS);
    for (int i = 0; i < FLOATS.loopBound(n); i += COUNT) {
      FloatVector a = FloatVector.fromArray(FLOATS, x, column + i);
      s0 = a.fma(Widening.f16(w, p0 + 2L * i), s0);
      s1 = a.fma(Widening.f16(w, p1 + 2L * i), s1);
    }
    s0.intoArray(sums, to);
    s1.intoArray(sums, to + COUNT);
  }

  /** Numbers in blocks are widened first. */
  private static void blocks(
      Matrix w,
      int o0,
      int o1,
      int o2,
      int o3,
      float[] x,
      int column,
      int n,
      float[] sums,
      int to,
      Scratch scratch) {
    float[] rows = scratch.rows(TOGETHER * STRETCH);
    MemorySegment widened = MemorySegment.ofArray(rows);
    w.widen(o0, column, n, widened, 0);
    w.widen(o1, column, n, widened, 4L * n);
    w.widen(o2, column, n, widened, 8L * n);
    w.widen(o3, column, n, widened, 12L * n);
    floats(rows, x, column, n, sums, to);
  }

  /** The rows are {@code n} numbers long, one behind the other. */
  private static void floats(float[] rows, float[] x, int column, int n, float[] sums, int to) {
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
    store(s0, s1, s2, s3, sums, to);
  }

  private static void store(
      FloatVector s0, FloatVector s1, FloatVector s2, FloatVector s3, float[] sums, int to) {
    s0.intoArray(sums, to);
    s1.intoArray(sums, to + COUNT);
    s2.intoArray(sums, to + 2 * COUNT);
    s3.intoArray(sums, to + 3 * COUNT);
  }

  /** Adds what fills no vector to the sums of the last stretch of every row. */
  private static void addRests(
      Matrix w,
      int o0,
      int o1,
      int o2,
      int o3,
      int rows,
      float[] x,
      float[] sums,
      Scratch scratch) {
    int rest = Lanes.rest(x.length);
    FloatVector a = Widening.rest(x, rest, scratch);
    int stretches = Math.ceilDiv(x.length, STRETCH);
    for (int r = 0; r < rows; r++) {
      int at = ((r + 1) * stretches - 1) * TOGETHER * COUNT;
      addRest(Widening.rest(w, o0 + r, rest, scratch), a, sums, at);
      addRest(Widening.rest(w, o1 + r, rest, scratch), a, sums, at + COUNT);
      addRest(Widening.rest(w, o2 + r, rest, scratch), a, sums, at + 2 * COUNT);
      addRest(Widening.rest(w, o3 + r, rest, scratch), a, sums, at + 3 * COUNT);
    }
  }

  private static void addRest(FloatVector w, FloatVector x, float[] sums, int at) {
    x.fma(w, FloatVector.fromArray(FLOATS, sums, at)).intoArray(sums, at);
  }
}
