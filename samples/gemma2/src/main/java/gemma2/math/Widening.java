package gemma2.math;

import static gemma2.math.Lanes.COUNT;
import static gemma2.math.Lanes.FLOATS;
import static gemma2.math.Lanes.INTS;
import static gemma2.math.Lanes.SHORTS;
import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.AND;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.OR;
import static jdk.incubator.vector.VectorOperators.UGE;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_S2I;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;

/** Stored numbers as vectors of floats, without loss. */
final class Widening {

  private static final int F16_SIGN = 0x8000;
  private static final int F16_INFINITY = 0x7C00;
  private static final int F32_EXPONENT = 0x7F80_0000;

  /** Exponents of fp16 are 112 below those of fp32. */
  private static final float EXPONENTS = 0x1p112f;

  private Widening() {}

  static FloatVector f32(MemorySegment data, long at) {
    return FloatVector.fromMemorySegment(FLOATS, data, at, LITTLE_ENDIAN);
  }

  /** A bf16 number is the upper half of the float it stands for. */
  static FloatVector bf16(MemorySegment data, long at) {
    return bits(data, at).lanewise(LSHL, 16).reinterpretAsFloats();
  }

  /**
   * All but the sign, moved to its place in a float, is 2^112 times too small, be it normal or not;
   * infinities and NaN have no exponent that grows with them.
   */
  static FloatVector f16(MemorySegment data, long at) {
    IntVector bits = bits(data, at);
    IntVector sign = bits.and(F16_SIGN).lanewise(LSHL, 16);
    IntVector rest = bits.lanewise(AND, ~F16_SIGN);
    IntVector magnitude =
        rest.lanewise(LSHL, 13).reinterpretAsFloats().mul(EXPONENTS).reinterpretAsInts();
    return magnitude
        .lanewise(OR, F32_EXPONENT, rest.compare(UGE, F16_INFINITY))
        .or(sign)
        .reinterpretAsFloats();
  }

  private static IntVector bits(MemorySegment data, long at) {
    return (IntVector)
        ShortVector.fromMemorySegment(SHORTS, data, at, LITTLE_ENDIAN)
            .convertShape(ZERO_EXTEND_S2I, INTS, 0);
  }

  /**
   * Lays {@code count} vectors of a row of weights, from vector {@code step} on, out {@code stride}
   * floats apart; the last one of a row is filled up with zeros.
   */
  static void spread(
      Matrix w, int row, int step, int count, Scratch scratch, float[] to, int at, int stride) {
    int column = step * COUNT;
    int n = Math.min(count * COUNT, w.columns() - column);
    long from = w.dtype().bytes((long) row * w.columns() + column);
    switch (w.dtype()) {
      case F32 -> spreadF32(w.data(), from, n, to, at, stride);
      case BF16 -> spreadBf16(w.data(), from, n, to, at, stride);
      case F16 -> spreadF16(w.data(), from, n, to, at, stride);
      case Q8_0, Q4_0, Q4_K, Q6_K -> {
        float[] floats = scratch.row(n);
        w.widen(row, column, n, MemorySegment.ofArray(floats), 0);
        spread(floats, n, to, at, stride);
      }
    }
    int rest = Lanes.rest(n);
    if (rest > 0) {
      rest(w, row, rest, scratch).intoArray(to, at + n / COUNT * stride);
    }
  }

  /** Lays the first {@code n} floats out in vectors that are {@code stride} floats apart. */
  static void spread(float[] floats, int n, float[] to, int at, int stride) {
    int next = at;
    for (int i = 0; i < FLOATS.loopBound(n); i += COUNT) {
      FloatVector.fromArray(FLOATS, floats, i).intoArray(to, next);
      next += stride;
    }
  }

  private static void spreadF32(
      MemorySegment data, long from, int n, float[] to, int at, int stride) {
    int next = at;
    for (int i = 0; i < FLOATS.loopBound(n); i += COUNT) {
      f32(data, from + 4L * i).intoArray(to, next);
      next += stride;
    }
  }

  private static void spreadBf16(
      MemorySegment data, long from, int n, float[] to, int at, int stride) {
    int next = at;
    for (int i = 0; i < FLOATS.loopBound(n); i += COUNT) {
      bf16(data, from + 2L * i).intoArray(to, next);
      next += stride;
    }
  }

  private static void spreadF16(
      MemorySegment data, long from, int n, float[] to, int at, int stride) {
    int next = at;
    for (int i = 0; i < FLOATS.loopBound(n); i += COUNT) {
      f16(data, from + 2L * i).intoArray(to, next);
      next += stride;
    }
  }

  /** The last numbers of a row that fill no vector, and zeros. */
  static FloatVector rest(Matrix w, int row, int rest, Scratch scratch) {
    long first = (long) row * w.columns() + w.columns() - rest;
    for (int i = 0; i < COUNT; i++) {
      scratch.rest[i] = i < rest ? w.dtype().read(w.data(), first + i) : 0;
    }
    return FloatVector.fromArray(FLOATS, scratch.rest, 0);
  }

  /** The last numbers of a row of activations that fill no vector, and zeros. */
  static FloatVector rest(float[] x, int rest, Scratch scratch) {
    for (int i = 0; i < COUNT; i++) {
      scratch.rest[i] = i < rest ? x[x.length - rest + i] : 0;
    }
    return FloatVector.fromArray(FLOATS, scratch.rest, 0);
  }
}
