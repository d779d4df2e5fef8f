package dev.tapscope.step;

/**
 * The thresholds of a step.
 *
 * @param halfBand half the bandwidth
 */
record Gate(float[] thresholds, double bandwidth, float halfBand) {
  Gate(float[] thresholds, double bandwidth) {
    this(thresholds, bandwidth, (float) (bandwidth / 2));
  }

  /** Whether the feature is on; also where there is no telling, so that no NaN goes unnoticed. */
  boolean active(int feature, float z) {
    return !(z <= thresholds[feature]);
  }

  /** Whether the straight-through estimators see it: an open interval. */
  boolean inBand(int feature, float z) {
    return Math.abs(z - thresholds[feature]) < halfBand;
  }
}
