package dev.tapscope.step;

/**
 * When a step is taken by dense products.
 *
 * @param least share of all entries, active or in their band, from which on it is
 */
record Density(double least) {
  /** Where both ways take about as long, at widths from 128 to 2304. */
  static final Density USUAL = new Density(0.2);

  /** For tests. */
  static final Density ALWAYS = new Density(0);

  static final Density NEVER = new Density(Double.POSITIVE_INFINITY);

  boolean dense(long entries, long of) {
    return entries >= least * of;
  }
}
