package gemma2.math;

import static gemma2.math.Lanes.FLOATS;
import static jdk.incubator.vector.VectorOperators.LSHL;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * Functions of every lane, from additions, multiplications and divisions alone: the Vector API's
 * own change their bits when the compiler takes over from the interpreter.
 */
final class VectorMath {

  private static final float LOG2_E = 1.442695041f;

  /**
   * {@code ln 2} in two parts; the first has its last 15 bits zero, so that n times it is exact.
   */
  private static final float LN2_HIGH = 0.693359375f;

  private static final float LN2_LOW = -2.12194440e-4f;

  /** Added to a float of less than 2^22 it leaves the nearest whole number in the lowest bits. */
  private static final float ROUNDER = 0x1.8p23f;

  /** exp of these and what lies between them is a normal float. */
  private static final float LOWEST = -87f;

  private static final float HIGHEST = 88f;

  private VectorMath() {}

  /**
   * e^x to a few units in the last place; what lies beyond -87 or 88 counts as these. {@code x = n
   * ln 2 + r}, {@code e^x = 2^n e^r}.
   */
  static FloatVector exp(FloatVector x) {
    FloatVector within = x.max(LOWEST).min(HIGHEST);
    FloatVector rounded = rounded(within);
    FloatVector r = remainder(within, rounded);
    return series(r).fma(r, one()).mul(power(rounded));
  }

  /**
   * {@code e^x - 1}, precise where x is small too: {@code 2^n (e^r - 1) + (2^n - 1)}, without
   * subtracting what was added.
   */
  static FloatVector expMinusOne(FloatVector x) {
    FloatVector within = x.max(LOWEST).min(HIGHEST);
    FloatVector rounded = rounded(within);
    FloatVector r = remainder(within, rounded);
    FloatVector power = power(rounded);
    return series(r).mul(r).fma(power, power.sub(1));
  }

  /** {@code (e^2x - 1) / (e^2x + 1)}. */
  static FloatVector tanh(FloatVector x) {
    FloatVector e = expMinusOne(x.add(x));
    return e.div(e.add(2));
  }

  /** {@code y / (1 + e^-2v)}, which is {@code y (1 + tanh v) / 2}, v the cubic of the tanh form. */
  static FloatVector gelu(FloatVector y) {
    FloatVector cubic = y.mul(y).mul(0.044715f).fma(y, y);
    return y.div(exp(cubic.mul(-2 * 0.79788456f)).add(1));
  }

  private static FloatVector one() {
    return FloatVector.broadcast(FLOATS, 1);
  }

  private static FloatVector rounded(FloatVector x) {
    return x.fma(FloatVector.broadcast(FLOATS, LOG2_E), FloatVector.broadcast(FLOATS, ROUNDER));
  }

  private static FloatVector remainder(FloatVector x, FloatVector rounded) {
    FloatVector n = rounded.sub(ROUNDER);
    FloatVector r = n.fma(FloatVector.broadcast(FLOATS, -LN2_HIGH), x);
    return n.fma(FloatVector.broadcast(FLOATS, -LN2_LOW), r);
  }

  private static FloatVector power(FloatVector rounded) {
    IntVector exponent = rounded.reinterpretAsInts().add(127).lanewise(LSHL, 23);
    return exponent.reinterpretAsFloats();
  }

  /** {@code (e^r - 1) / r} by its Taylor series; |r| is at most ln(2) / 2, the error 1e-8. */
  private static FloatVector series(FloatVector r) {
    FloatVector s = FloatVector.broadcast(FLOATS, 1 / 5040f);
    s = s.fma(r, FloatVector.broadcast(FLOATS, 1 / 720f));
    s = s.fma(r, FloatVector.broadcast(FLOATS, 1 / 120f));
    s = s.fma(r, FloatVector.broadcast(FLOATS, 1 / 24f));
    s = s.fma(r, FloatVector.broadcast(FLOATS, 1 / 6f));
    s = s.fma(r, FloatVector.broadcast(FLOATS, 1 / 2f));
    return s.fma(r, one());
  }
}
