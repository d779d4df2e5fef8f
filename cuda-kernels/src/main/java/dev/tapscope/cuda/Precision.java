package dev.tapscope.cuda;

/** How the encoder's products are computed. */
public enum Precision {
  /**
   * In single precision: tensor cores only screen, with a bound that is never missed, and what they
   * let through is computed again. The same bits for a row, whatever it comes with.
   */
  EXACT,

  /**
   * What the tensor cores say: inputs rounded to half precision, each row scaled by itself, sums in
   * single precision. An error of up to {@code (2^-10 + d 2^-22) |x||w|} in a preactivation;
   * roundings mostly cancel, and 1/20 of that is seen at d = 150, less with more.
   */
  FAST
}
