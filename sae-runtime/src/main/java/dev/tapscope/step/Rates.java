package dev.tapscope.step;

/**
 * What schedules change from step to step.
 *
 * @param sparsity coefficient of {@link Sparsity} in the loss
 */
public record Rates(double learningRate, double sparsity) {
  public Rates {
    requireRate("learning rate", learningRate);
    requireRate("coefficient of the sparsity term", sparsity);
  }

  private static void requireRate(String name, double value) {
    if (!(value >= 0) || !Double.isFinite(value)) {
      throw new IllegalArgumentException(
          "The %s must be a finite number, 0 or above, not %s.".formatted(name, value));
    }
  }
}
