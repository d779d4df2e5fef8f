package dev.tapscope.step;

import static dev.tapscope.step.Lanes.BYTES;
import static dev.tapscope.step.Lanes.FLOATS;
import static dev.tapscope.step.Lanes.ORDER;
import static dev.tapscope.step.Lanes.all;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Loops over rows of floats. Every element of a result is computed by itself; a sum over a row is
 * one per lane (or a few, added in one order) and then {@link Lanes#sum}. Positions are in bytes,
 * lengths in floats.
 */
final class RowKernels {
  /** Sums that a dot product is spread over, to hide the latency of additions. */
  private static final int CHAINS = 4;

  private RowKernels() {}

  private static FloatVector load(MemorySegment from, long at, VectorMask<Float> mask) {
    return FloatVector.fromMemorySegment(FLOATS, from, at, ORDER, mask);
  }

  private static FloatVector load(MemorySegment from, long at) {
    return FloatVector.fromMemorySegment(FLOATS, from, at, ORDER);
  }

  private static VectorMask<Float> rest(int length) {
    return FLOATS.indexInRange(FLOATS.loopBound(length), length);
  }

  private static int wholeBytes(int length) {
    return FLOATS.loopBound(length) * Float.BYTES;
  }

  static float dot(MemorySegment a, long atA, MemorySegment b, long atB, int length) {
    int whole = wholeBytes(length);
    int chained = whole - whole % (CHAINS * BYTES);
    FloatVector sum0 = FloatVector.zero(FLOATS);
    FloatVector sum1 = sum0;
    FloatVector sum2 = sum0;
    FloatVector sum3 = sum0;
    int j = 0;
    for (; j < chained; j += CHAINS * BYTES) {
      sum0 = load(a, atA + j).fma(load(b, atB + j), sum0);
      sum1 = load(a, atA + j + BYTES).fma(load(b, atB + j + BYTES), sum1);
      sum2 = load(a, atA + j + 2 * BYTES).fma(load(b, atB + j + 2 * BYTES), sum2);
      sum3 = load(a, atA + j + 3 * BYTES).fma(load(b, atB + j + 3 * BYTES), sum3);
    }
    for (; j < whole; j += BYTES) {
      sum0 = load(a, atA + j).fma(load(b, atB + j), sum0);
    }
    if (length % Lanes.COUNT != 0) {
      VectorMask<Float> rest = rest(length);
      sum0 = load(a, atA + j, rest).fma(load(b, atB + j, rest), sum0);
    }
    return Lanes.sum(sum0.add(sum1).add(sum2.add(sum3)));
  }

  /** {@code into += factor * row}. */
  static void add(
      MemorySegment into, long atInto, MemorySegment rows, long at, float factor, int length) {
    int whole = wholeBytes(length);
    FloatVector factors = all(factor);
    int j = 0;
    for (; j < whole; j += BYTES) {
      load(rows, at + j)
          .fma(factors, load(into, atInto + j))
          .intoMemorySegment(into, atInto + j, ORDER);
    }
    if (length % Lanes.COUNT != 0) {
      VectorMask<Float> rest = rest(length);
      load(rows, at + j, rest)
          .fma(factors, load(into, atInto + j, rest))
          .intoMemorySegment(into, atInto + j, ORDER, rest);
    }
  }

  /** The same for four rows, one after the other, in one pass: the bits of four {@link #add}. */
  static void add4(
      MemorySegment into,
      long atInto,
      MemorySegment rows,
      long at0,
      long at1,
      long at2,
      long at3,
      float factor0,
      float factor1,
      float factor2,
      float factor3,
      int length) {
    int whole = wholeBytes(length);
    FloatVector factors0 = all(factor0);
    FloatVector factors1 = all(factor1);
    FloatVector factors2 = all(factor2);
    FloatVector factors3 = all(factor3);
    int j = 0;
    for (; j < whole; j += BYTES) {
      FloatVector sum = load(into, atInto + j);
      sum = load(rows, at0 + j).fma(factors0, sum);
      sum = load(rows, at1 + j).fma(factors1, sum);
      sum = load(rows, at2 + j).fma(factors2, sum);
      sum = load(rows, at3 + j).fma(factors3, sum);
      sum.intoMemorySegment(into, atInto + j, ORDER);
    }
    if (length % Lanes.COUNT != 0) {
      VectorMask<Float> rest = rest(length);
      FloatVector sum = load(into, atInto + j, rest);
      sum = load(rows, at0 + j, rest).fma(factors0, sum);
      sum = load(rows, at1 + j, rest).fma(factors1, sum);
      sum = load(rows, at2 + j, rest).fma(factors2, sum);
      sum = load(rows, at3 + j, rest).fma(factors3, sum);
      sum.intoMemorySegment(into, atInto + j, ORDER, rest);
    }
  }

  /**
   * {@code into += factor * row}, and the row's product with {@code other}: of the four rows at
   * {@code at}, by the four factors at {@code first}, into the four {@code dots} there.
   */
  static void addAndDot4(
      MemorySegment into,
      MemorySegment rows,
      long[] at,
      float[] factors,
      int first,
      MemorySegment other,
      long atOther,
      float[] dots,
      int length) {
    int whole = wholeBytes(length);
    long at0 = at[first];
    long at1 = at[first + 1];
    long at2 = at[first + 2];
    long at3 = at[first + 3];
    FloatVector factors0 = all(factors[first]);
    FloatVector factors1 = all(factors[first + 1]);
    FloatVector factors2 = all(factors[first + 2]);
    FloatVector factors3 = all(factors[first + 3]);
    FloatVector dot0 = FloatVector.zero(FLOATS);
    FloatVector dot1 = dot0;
    FloatVector dot2 = dot0;
    FloatVector dot3 = dot0;
    int j = 0;
    for (; j < whole; j += BYTES) {
      FloatVector w = load(other, atOther + j);
      FloatVector sum = load(into, j);
      FloatVector row0 = load(rows, at0 + j);
      FloatVector row1 = load(rows, at1 + j);
      FloatVector row2 = load(rows, at2 + j);
      FloatVector row3 = load(rows, at3 + j);
      dot0 = row0.fma(w, dot0);
      dot1 = row1.fma(w, dot1);
      dot2 = row2.fma(w, dot2);
      dot3 = row3.fma(w, dot3);
      sum = row3.fma(factors3, row2.fma(factors2, row1.fma(factors1, row0.fma(factors0, sum))));
      sum.intoMemorySegment(into, j, ORDER);
    }
    if (length % Lanes.COUNT != 0) {
      VectorMask<Float> rest = rest(length);
      FloatVector w = load(other, atOther + j, rest);
      FloatVector sum = load(into, j, rest);
      FloatVector row0 = load(rows, at0 + j, rest);
      FloatVector row1 = load(rows, at1 + j, rest);
      FloatVector row2 = load(rows, at2 + j, rest);
      FloatVector row3 = load(rows, at3 + j, rest);
      dot0 = row0.fma(w, dot0);
      dot1 = row1.fma(w, dot1);
      dot2 = row2.fma(w, dot2);
      dot3 = row3.fma(w, dot3);
      sum = row3.fma(factors3, row2.fma(factors2, row1.fma(factors1, row0.fma(factors0, sum))));
      sum.intoMemorySegment(into, j, ORDER, rest);
    }
    dots[first] = Lanes.sum(dot0);
    dots[first + 1] = Lanes.sum(dot1);
    dots[first + 2] = Lanes.sum(dot2);
    dots[first + 3] = Lanes.sum(dot3);
  }

  /**
   * {@code row = scale * (row - target)}.
   *
   * @return the squared length of {@code row - target}
   */
  static float subtract(
      MemorySegment rows, long at, MemorySegment target, long atTarget, float scale, int length) {
    int whole = wholeBytes(length);
    FloatVector scales = all(scale);
    FloatVector squares = FloatVector.zero(FLOATS);
    int j = 0;
    for (; j < whole; j += BYTES) {
      FloatVector error = load(rows, at + j).sub(load(target, atTarget + j));
      squares = error.fma(error, squares);
      error.mul(scales).intoMemorySegment(rows, at + j, ORDER);
    }
    if (length % Lanes.COUNT != 0) {
      VectorMask<Float> rest = rest(length);
      FloatVector error = load(rows, at + j, rest).sub(load(target, atTarget + j, rest));
      squares = error.fma(error, squares);
      error.mul(scales).intoMemorySegment(rows, at + j, ORDER, rest);
    }
    return Lanes.sum(squares);
  }

  static void multiply(MemorySegment rows, long at, float factor, int length) {
    int whole = wholeBytes(length);
    FloatVector factors = all(factor);
    int j = 0;
    for (; j < whole; j += BYTES) {
      load(rows, at + j).mul(factors).intoMemorySegment(rows, at + j, ORDER);
    }
    if (length % Lanes.COUNT != 0) {
      VectorMask<Float> rest = rest(length);
      load(rows, at + j, rest).mul(factors).intoMemorySegment(rows, at + j, ORDER, rest);
    }
  }

  /** Whether there is no infinity and no NaN. */
  static boolean finite(MemorySegment rows, long at, int length) {
    int whole = wholeBytes(length);
    FloatVector zero = FloatVector.zero(FLOATS);
    FloatVector sum = zero; // 0 as long as everything is finite, else NaN
    int j = 0;
    for (; j < whole; j += BYTES) {
      sum = load(rows, at + j).fma(zero, sum);
    }
    if (length % Lanes.COUNT != 0) {
      sum = load(rows, at + j, rest(length)).fma(zero, sum);
    }
    return Lanes.sum(sum) == 0;
  }
}
