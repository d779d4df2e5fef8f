package gemma2.math;

import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_S2I;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * The inner loops on the Vector API. A dot product runs in as many sums as the machine has lanes,
 * folded by a fixed tree at the end; {@code reduceLanes} is avoided, its order of additions changes
 * when the JIT compiler takes over.
 */
final class VectorKernels implements Kernels {

  /** The machine's vectors, of 4 to 16 lanes. */
  private static final VectorSpecies<Float> FLOATS =
      FloatVector.SPECIES_PREFERRED.length() > 16
          ? FloatVector.SPECIES_512
          : FloatVector.SPECIES_PREFERRED.length() < 4
              ? FloatVector.SPECIES_128
              : FloatVector.SPECIES_PREFERRED;

  private static final VectorSpecies<Integer> INTS =
      VectorSpecies.of(int.class, FLOATS.vectorShape());

  /** As many shorts as there are float lanes. */
  private static final VectorSpecies<Short> SHORTS =
      VectorSpecies.of(short.class, VectorShape.forBitSize(FLOATS.vectorBitSize() / 2));

  private static final int LANES = FLOATS.length();
  private static final VectorShuffle<Float> BY_8 = shift(8);
  private static final VectorShuffle<Float> BY_4 = shift(4);
  private static final VectorShuffle<Float> BY_2 = shift(2);
  private static final VectorShuffle<Float> BY_1 = shift(1);

  /** Weight rows and activation rows that are multiplied together in registers. */
  private static final int TILE = 4;

  @Override
  public String name() {
    return "Vector API, " + LANES + " float lanes";
  }

  @Override
  public void multiply(Matrix w, float[][] x, float[][] y, int from, int to) {
    int n = w.columns();
    float[] strip = new float[TILE * n];
    int o = from;
    for (; o <= to - TILE; o += TILE) {
      for (int t = 0; t < TILE; t++) {
        widen(w, o + t, strip, t * n);
      }
      int r = 0;
      for (; r <= x.length - TILE; r += TILE) {
        tile(strip, n, x, y, r, o);
      }
      for (; r < x.length; r++) {
        column(strip, n, x[r], y[r], o);
      }
    }
    for (; o < to; o++) {
      widen(w, o, strip, 0);
      for (int r = 0; r < x.length; r++) {
        y[r][o] = dot(x[r], 0, strip, 0, n);
      }
    }
  }

  @Override
  public void dots(float[] a, int at, float[][] rows, int first, int column, int n, float[] out) {
    for (int j = 0; j < out.length; j++) {
      out[j] = dot(a, at, rows[first + j], column, n);
    }
  }

  @Override
  public void blend(
      float[] weights, float[][] rows, int first, int column, int n, float[] out, int at) {
    int i = 0;
    for (; i <= n - LANES; i += LANES) {
      FloatVector sum = FloatVector.zero(FLOATS);
      for (int j = 0; j < weights.length; j++) {
        FloatVector weight = FloatVector.broadcast(FLOATS, weights[j]);
        sum = weight.fma(FloatVector.fromArray(FLOATS, rows[first + j], column + i), sum);
      }
      sum.intoArray(out, at + i);
    }
    for (; i < n; i++) {
      float sum = 0;
      for (int j = 0; j < weights.length; j++) {
        sum = Math.fma(rows[first + j][column + i], weights[j], sum);
      }
      out[at + i] = sum;
    }
  }

  /** Four weight rows times four activation rows: sixteen sums that stay in registers. */
  private static void tile(float[] w, int n, float[][] x, float[][] y, int r, int o) {
    float[] x0 = x[r];
    float[] x1 = x[r + 1];
    float[] x2 = x[r + 2];
    float[] x3 = x[r + 3];
    FloatVector s00 = FloatVector.zero(FLOATS);
    FloatVector s01 = s00;
    FloatVector s02 = s00;
    FloatVector s03 = s00;
    FloatVector s10 = s00;
    FloatVector s11 = s00;
    FloatVector s12 = s00;
    FloatVector s13 = s00;
    FloatVector s20 = s00;
    FloatVector s21 = s00;
    FloatVector s22 = s00;
    FloatVector s23 = s00;
    FloatVector s30 = s00;
    FloatVector s31 = s00;
    FloatVector s32 = s00;
    FloatVector s33 = s00;
    int bound = FLOATS.loopBound(n);
    for (int i = 0; i < bound; i += LANES) {
      FloatVector a0 = FloatVector.fromArray(FLOATS, x0, i);
      FloatVector a1 = FloatVector.fromArray(FLOATS, x1, i);
      FloatVector a2 = FloatVector.fromArray(FLOATS, x2, i);
      FloatVector a3 = FloatVector.fromArray(FLOATS, x3, i);
      FloatVector b0 = FloatVector.fromArray(FLOATS, w, i);
      s00 = a0.fma(b0, s00);
      s10 = a1.fma(b0, s10);
      s20 = a2.fma(b0, s20);
      s30 = a3.fma(b0, s30);
      FloatVector b1 = FloatVector.fromArray(FLOATS, w, n + i);
      s01 = a0.fma(b1, s01);
      s11 = a1.fma(b1, s11);
      s21 = a2.fma(b1, s21);
      s31 = a3.fma(b1, s31);
      FloatVector b2 = FloatVector.fromArray(FLOATS, w, 2 * n + i);
      s02 = a0.fma(b2, s02);
      s12 = a1.fma(b2, s12);
      s22 = a2.fma(b2, s22);
      s32 = a3.fma(b2, s32);
      FloatVector b3 = FloatVector.fromArray(FLOATS, w, 3 * n + i);
      s03 = a0.fma(b3, s03);
      s13 = a1.fma(b3, s13);
      s23 = a2.fma(b3, s23);
      s33 = a3.fma(b3, s33);
    }
    y[r][o] = finish(s00, x0, 0, w, 0, n);
    y[r][o + 1] = finish(s01, x0, 0, w, n, n);
    y[r][o + 2] = finish(s02, x0, 0, w, 2 * n, n);
    y[r][o + 3] = finish(s03, x0, 0, w, 3 * n, n);
    y[r + 1][o] = finish(s10, x1, 0, w, 0, n);
    y[r + 1][o + 1] = finish(s11, x1, 0, w, n, n);
    y[r + 1][o + 2] = finish(s12, x1, 0, w, 2 * n, n);
    y[r + 1][o + 3] = finish(s13, x1, 0, w, 3 * n, n);
    y[r + 2][o] = finish(s20, x2, 0, w, 0, n);
    y[r + 2][o + 1] = finish(s21, x2, 0, w, n, n);
    y[r + 2][o + 2] = finish(s22, x2, 0, w, 2 * n, n);
    y[r + 2][o + 3] = finish(s23, x2, 0, w, 3 * n, n);
    y[r + 3][o] = finish(s30, x3, 0, w, 0, n);
    y[r + 3][o + 1] = finish(s31, x3, 0, w, n, n);
    y[r + 3][o + 2] = finish(s32, x3, 0, w, 2 * n, n);
    y[r + 3][o + 3] = finish(s33, x3, 0, w, 3 * n, n);
  }

  /** Four weight rows times one activation row. */
  private static void column(float[] w, int n, float[] x, float[] y, int o) {
    FloatVector s0 = FloatVector.zero(FLOATS);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    int bound = FLOATS.loopBound(n);
    for (int i = 0; i < bound; i += LANES) {
      FloatVector a = FloatVector.fromArray(FLOATS, x, i);
      s0 = a.fma(FloatVector.fromArray(FLOATS, w, i), s0);
      s1 = a.fma(FloatVector.fromArray(FLOATS, w, n + i), s1);
      s2 = a.fma(FloatVector.fromArray(FLOATS, w, 2 * n + i), s2);
      s3 = a.fma(FloatVector.fromArray(FLOATS, w, 3 * n + i), s3);
    }
    y[o] = finish(s0, x, 0, w, 0, n);
    y[o + 1] = finish(s1, x, 0, w, n, n);
    y[o + 2] = finish(s2, x, 0, w, 2 * n, n);
    y[o + 3] = finish(s3, x, 0, w, 3 * n, n);
  }

  private static float dot(float[] a, int p, float[] b, int q, int n) {
    FloatVector sum = FloatVector.zero(FLOATS);
    int bound = FLOATS.loopBound(n);
    for (int i = 0; i < bound; i += LANES) {
      sum =
          FloatVector.fromArray(FLOATS, a, p + i).fma(FloatVector.fromArray(FLOATS, b, q + i), sum);
    }
    return finish(sum, a, p, b, q, n);
  }

  /** Folds the lanes by halves, then adds the products that did not fill a vector. */
  private static float finish(FloatVector sum, float[] a, int p, float[] b, int q, int n) {
    FloatVector folded = sum;
    if (LANES > 8) {
      folded = folded.add(folded.rearrange(BY_8));
    }
    if (LANES > 4) {
      folded = folded.add(folded.rearrange(BY_4));
    }
    folded = folded.add(folded.rearrange(BY_2));
    folded = folded.add(folded.rearrange(BY_1));
    float total = folded.lane(0);
    for (int i = FLOATS.loopBound(n); i < n; i++) {
      total = Math.fma(a[p + i], b[q + i], total);
    }
    return total;
  }

  /** Moves lane i + distance to lane i. */
  private static VectorShuffle<Float> shift(int distance) {
    return VectorShuffle.fromOp(FLOATS, i -> (i + distance) % LANES);
  }

  private static void widen(Matrix w, int row, float[] out, int at) {
    switch (w.dtype()) {
      case F32 -> copyRow(w, row, out, at);
      case BF16 -> widenBf16(w, row, out, at);
      case F16, Q8_0, Q4_0, Q4_K, Q6_K -> w.widen(row, out, at);
    }
  }

  private static void copyRow(Matrix w, int row, float[] out, int at) {
    MemorySegment.copy(
        w.data(),
        ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN),
        4L * row * w.columns(),
        out,
        at,
        w.columns());
  }

  /** A bf16 number is the upper half of the float it stands for. */
  private static void widenBf16(Matrix w, int row, float[] out, int at) {
    int n = w.columns();
    long first = (long) row * n;
    int bound = FLOATS.loopBound(n);
    for (int i = 0; i < bound; i += LANES) {
      IntVector upper =
          (IntVector)
              ShortVector.fromMemorySegment(
                      SHORTS, w.data(), 2 * (first + i), ByteOrder.LITTLE_ENDIAN)
                  .convertShape(ZERO_EXTEND_S2I, INTS, 0);
      upper.lanewise(LSHL, 16).reinterpretAsFloats().intoArray(out, at + i);
    }
    for (int i = bound; i < n; i++) {
      out[at + i] = Dtype.BF16.read(w.data(), first + i);
    }
  }
}
