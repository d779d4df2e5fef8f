package gemma2.math;

import static gemma2.math.Lanes.COUNT;
import static gemma2.math.Lanes.FLOATS;
import static gemma2.math.Lanes.INTS;
import static gemma2.math.Lanes.SHORTS;
import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.OR;
import static jdk.incubator.vector.VectorOperators.S2I;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_S2I;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators.Conversion;

/**
 * Stored numbers as vectors of floats, without loss. The loops over rows are written out for each
 * kind of weights, as those of {@link RowProduct} are.
 */
final class Widening {

  private static final int F16_EXPONENT = 0x7C00;

  /** Where the bits of an fp16 lie in a float: the sign, and what comes 13 places higher. */
  private static final int F16_MOVED = 0x8FFF_E000;

  private static final int F32_EXPONENT = 0x7F80_0000;

  /** Exponents of fp16 are 112 below those of fp32. */
  private static final float EXPONENTS = 0x1p112f;

  private Widening() {}

  static FloatVector f32(MemorySegment data, long at) {
    return FloatVector.fromMemorySegment(FLOATS, data, at, LITTLE_ENDIAN);
  }

  /** A bf16 number is the upper half of the float it stands for. */
  static FloatVector bf16(MemorySegment data, long at) {
    return bits(data, at, ZERO_EXTEND_S2I).lanewise(LSHL, 16).reinterpretAsFloats();
  }

  /**
   * The sign goes along as the number is made an int and shifted: all but the copies of it between.
   * What stands there now is 2^112 times too small, be it normal or not; infinities and NaN have no
   * exponent that grows with them.
   */
  static FloatVector f16(MemorySegment data, long at) {
    IntVector bits = bits(data, at, S2I);
    IntVector small = bits.lanewise(LSHL, 13).and(F16_MOVED);
    IntVector number = small.reinterpretAsFloats().mul(EXPONENTS).reinterpretAsInts();
    return number
        .lanewise(OR, F32_EXPONENT, bits.and(F16_EXPONENT).compare(EQ, F16_EXPONENT))
        .reinterpretAsFloats();
  }

  private static IntVector bits(MemorySegment data, long at, Conversion<Short, Integer> how) {
    return (IntVector)
        ShortVector.fromMemorySegment(SHORTS, data, at, LITTLE_ENDIAN).convertShape(how, INTS, 0);
  }

  /**
   * Parts of {@code 4 quarter} rows, one behind the other, each filled up with zeros to whole
   * vectors. Four are read at a time, a quarter of all apart, as {@link RowProduct} does it; rows
   * from {@code end} on are the last one before it again.
   */
  static void rows(
      Matrix w, int first, int quarter, int end, int column, int n, float[] to, Scratch scratch) {
    int padded = Math.ceilDiv(n, COUNT) * COUNT;
    long row = w.dtype().bytes(w.columns());
    long part = w.dtype().bytes(column);
    for (int i = 0; i < quarter; i++) {
      int r0 = Math.min(first + i, end - 1);
      int r1 = Math.min(first + i + quarter, end - 1);
      int r2 = Math.min(first + i + 2 * quarter, end - 1);
      int r3 = Math.min(first + i + 3 * quarter, end - 1);
      long p0 = r0 * row + part;
      long p1 = r1 * row + part;
      long p2 = r2 * row + part;
      long p3 = r3 * row + part;
      int at = i * padded;
      int apart = quarter * padded;
      switch (w.dtype()) {
        case F32 -> f32(w.data(), p0, p1, p2, p3, n, to, at, apart);
        case BF16 -> bf16(w.data(), p0, p1, p2, p3, n, to, at, apart);
        case F16 -> f16(w.data(), p0, p1, p2, p3, n, to, at, apart);
        case Q8_0, Q4_0, Q4_K, Q6_K -> {
          MemorySegment floats = MemorySegment.ofArray(to);
          w.widen(r0, column, n, floats, 4L * at);
          w.widen(r1, column, n, floats, 4L * (at + apart));
          w.widen(r2, column, n, floats, 4L * (at + 2 * apart));
          w.widen(r3, column, n, floats, 4L * (at + 3 * apart));
        }
      }
      int rest = Lanes.rest(n);
      if (rest > 0) {
        rest(w, r0, rest, scratch).intoArray(to, at + n - rest);
        rest(w, r1, rest, scratch).intoArray(to, at + apart + n - rest);
        rest(w, r2, rest, scratch).intoArray(to, at + 2 * apart + n - rest);
        rest(w, r3, rest, scratch).intoArray(to, at + 3 * apart + n - rest);
      }
    }
  }

  private static void f32(
      MemorySegment w, long p0, long p1, long p2, long p3, int n, float[] to, int at, int apart) {
    for (int i = 0; i < FLOATS.loopBound(n); i += COUNT) {
      f32(w, p0 + 4L * i).intoArray(to, at + i);
      f32(w, p1 + 4L * i).intoArray(to, at + apart + i);
      f32(w, p2 + 4L * i).intoArray(to, at + 2 * apart + i);
      f32(w, p3 + 4L * i).intoArray(to, at + 3 * apart + i);
    }
  }

  private static void bf16(
      MemorySegment w, long p0, long p1, long p2, long p3, int n, float[] to, int at, int apart) {
    for (int i = 0; i < FLOATS.loopBound(n); i += COUNT) {
      bf16(w, p0 + 2L * i).intoArray(to, at + i);
      bf16(w, p1 + 2L * i).intoArray(to, at + apart + i);
      bf16(w, p2 + 2L * i).intoArray(to, at + 2 * apart + i);
      bf16(w, p3 + 2L * i).intoArray(to, at + 3 * apart + i);
    }
  }

  private static void f16(
      MemorySegment w, long p0, long p1, long p2, long p3, int n, float[] to, int at, int apart) {
    for (int i = 0; i < FLOATS.loopBound(n); i += COUNT) {
      f16(w, p0 + 2L * i).intoArray(to, at + i);
      f16(w, p1 + 2L * i).intoArray(to, at + apart + i);
      f16(w, p2 + 2L * i).intoArray(to, at + 2 * apart + i);
      f16(w, p3 + 2L * i).intoArray(to, at + 3 * apart + i);
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
