package dev.tapscope.step;

/**
 * When a step is taken by dense products.
 *
 * @param least share of all entries, active or in their band, from which on it is
 */
record Density(double least) {
  /** Never, for now: in a JVM just started the dense products are the slower way at any density. */
  static final Density USUAL = new Density(Double.POSITIVE_INFINITY);

  /** For tests. */
  static final Density ALWAYS = new Density(0);

  static final Density NEVER = new Density(Double.POSITIVE_INFINITY);

  boolean dense(long entries, long of) {
    return entries >= least * of;
  }
}
