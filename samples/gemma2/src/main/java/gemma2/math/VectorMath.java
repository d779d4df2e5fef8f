package gemma2.math;

import static gemma2.math.Lanes.COUNT;
import static gemma2.math.Lanes.FLOATS;
import static jdk.incubator.vector.VectorOperators.LSHL;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Exponentials of many numbers, from additions and multiplications alone: the Vector API's own
 * change their bits when the compiler takes over from the interpreter.
 *
 * <p>{@code x = n ln 2 + r}, {@code e^x = 2^n e^r}, and e^r by its Taylor series to the seventh
 * power: |r| is at most ln(2) / 2, the error 1e-8. What lies below -87 or above 88 counts as these,
 * so that all results are normal floats. Each in one method without calls to others: beyond a call
 * that the compiler does not take up, and it soon takes up no more, a vector is an object.
 */
final class VectorMath {

  private static final float LOWEST = -87f;
  private static final float HIGHEST = 88f;
  private static final float LOG2_E = 1.442695041f;

  /** ln 2 in two parts; the last 15 bits of the first are zero, so that n times it is exact. */
  private static final float LN2_HIGH = 0.693359375f;

  private static final float LN2_LOW = -2.12194440e-4f;

  /** Added to a float of less than 2^22 it leaves the nearest whole number in the lowest bits. */
  private static final float ROUNDER = 0x1.8p23f;

  private static final FloatVector MINUS_LN2_HIGH = FloatVector.broadcast(FLOATS, -LN2_HIGH);
  private static final FloatVector MINUS_LN2_LOW = FloatVector.broadcast(FLOATS, -LN2_LOW);
  private static final FloatVector LOG2_E_S = FloatVector.broadcast(FLOATS, LOG2_E);
  private static final FloatVector ROUNDERS = FloatVector.broadcast(FLOATS, ROUNDER);
  private static final FloatVector ONE = FloatVector.broadcast(FLOATS, 1);
  private static final FloatVector HALF = FloatVector.broadcast(FLOATS, 1 / 2f);
  private static final FloatVector SIXTH = FloatVector.broadcast(FLOATS, 1 / 6f);
  private static final FloatVector FOURTH_TERM = FloatVector.broadcast(FLOATS, 1 / 24f);
  private static final FloatVector FIFTH_TERM = FloatVector.broadcast(FLOATS, 1 / 120f);
  private static final FloatVector SIXTH_TERM = FloatVector.broadcast(FLOATS, 1 / 720f);
  private static final FloatVector SEVENTH_TERM = FloatVector.broadcast(FLOATS, 1 / 5040f);

  private VectorMath() {}

  /** {@code x[at + i] = e^x[at + i]} for i below {@code n}, to a few units in the last place. */
  static void exp(float[] x, int at, int n) {
    int bound = FLOATS.loopBound(n);
    for (int i = at; i < at + bound; i += COUNT) {
      FloatVector within = FloatVector.fromArray(FLOATS, x, i).max(LOWEST).min(HIGHEST);
      FloatVector rounded = within.fma(LOG2_E_S, ROUNDERS);
      FloatVector whole = rounded.sub(ROUNDER);
      FloatVector r = whole.fma(MINUS_LN2_LOW, whole.fma(MINUS_LN2_HIGH, within));
      FloatVector series =
          SEVENTH_TERM
              .fma(r, SIXTH_TERM)
              .fma(r, FIFTH_TERM)
              .fma(r, FOURTH_TERM)
              .fma(r, SIXTH)
              .fma(r, HALF)
              .fma(r, ONE)
              .fma(r, ONE);
      FloatVector power =
          rounded.reinterpretAsInts().add(127).lanewise(LSHL, 23).reinterpretAsFloats();
      series.mul(power).intoArray(x, i);
    }
    if (bound < n) {
      float[] few = few(x, at + bound, n - bound);
      exp(few, 0, COUNT);
      System.arraycopy(few, 0, x, at + bound, n - bound);
    }
  }

  /**
   * {@code x[at + i] = e^x[at + i] - 1} for i below {@code n}, precise where x is small too: {@code
   * 2^n (e^r - 1) + (2^n - 1)}, without subtracting what was added.
   */
  static void expMinusOne(float[] x, int at, int n) {
    int bound = FLOATS.loopBound(n);
    for (int i = at; i < at + bound; i += COUNT) {
      FloatVector within = FloatVector.fromArray(FLOATS, x, i).max(LOWEST).min(HIGHEST);
      FloatVector rounded = within.fma(LOG2_E_S, ROUNDERS);
      FloatVector whole = rounded.sub(ROUNDER);
      FloatVector r = whole.fma(MINUS_LN2_LOW, whole.fma(MINUS_LN2_HIGH, within));
      FloatVector minusOne =
          SEVENTH_TERM
              .fma(r, SIXTH_TERM)
              .fma(r, FIFTH_TERM)
              .fma(r, FOURTH_TERM)
              .fma(r, SIXTH)
              .fma(r, HALF)
              .fma(r, ONE)
              .mul(r);
      FloatVector power =
          rounded.reinterpretAsInts().add(127).lanewise(LSHL, 23).reinterpretAsFloats();
      minusOne.fma(power, power.sub(1)).intoArray(x, i);
    }
    if (bound < n) {
      float[] few = few(x, at + bound, n - bound);
      expMinusOne(few, 0, COUNT);
      System.arraycopy(few, 0, x, at + bound, n - bound);
    }
  }

  /** Numbers that fill no vector, and zeros. */
  private static float[] few(float[] x, int at, int n) {
    float[] few = Scratch.own().rest;
    System.arraycopy(x, at, few, 0, n);
    Arrays.fill(few, n, COUNT, 0);
    return few;
  }
}
