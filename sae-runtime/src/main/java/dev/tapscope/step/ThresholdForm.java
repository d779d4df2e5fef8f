package dev.tapscope.step;

/** Which number is trained for a threshold. */
public enum ThresholdForm {
  /**
   * The threshold. Where a step takes it below {@link #SMALLEST} it becomes that: features then
   * pass what is above 0, and the sparsity term can raise it again.
   */
  DIRECT("threshold"),
  /** Its logarithm: arXiv 2407.14435, appendix J. */
  LOG("log_threshold");

  /** The smallest threshold there is, the same number in float and double. */
  public static final float SMALLEST = Float.MIN_NORMAL;

  private final String arrayName;

  ThresholdForm(String arrayName) {
    this.arrayName = arrayName;
  }

  /** The number that is trained for a threshold. */
  public double trained(double threshold) {
    return this == LOG ? StrictMath.log(threshold) : threshold;
  }

  /** Name of the {@link StateArray}. */
  public String arrayName() {
    return arrayName;
  }
}
