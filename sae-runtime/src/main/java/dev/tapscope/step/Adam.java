package dev.tapscope.step;

/**
 * The optimiser, without weight decay. With {@code beta1 = 0} rows without a gradient need not be
 * touched, exactly.
 */
public record Adam(double beta1, double beta2, double epsilon) {
  /** What Gemma Scope uses, arXiv 2408.05147, section 3.2. */
  public static final Adam GEMMA_SCOPE = new Adam(0, 0.999, 1e-8);

  public Adam {
    requireFraction("beta1", beta1);
    requireFraction("beta2", beta2);
    Positive.require("epsilon of Adam", epsilon);
  }

  private static void requireFraction(String name, double value) {
    if (!(value >= 0 && value < 1)) {
      throw new IllegalArgumentException(
          "Adam's %s must be at least 0 and below 1, not %s.".formatted(name, value));
    }
  }
}
