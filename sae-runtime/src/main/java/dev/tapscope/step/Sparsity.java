package dev.tapscope.step;

/** The term of the loss that keeps features few; the mean over the rows of a batch is taken. */
public sealed interface Sparsity {
  /** {@code ||f||_0}: Gemma Scope, arXiv 2408.05147, equation 4. */
  record L0() implements Sparsity {}

  /**
   * {@code (2 / target) (||f||_0 - target)^2} for each row: Gemma Scope 2, equation 5.
   *
   * @param target number of active features wanted, above 0
   */
  record TargetL0(double target) implements Sparsity {
    public TargetL0 {
      Positive.require("number of active features wanted", target);
    }
  }

  /**
   * {@code sum_f tanh(scale f ||W_dec[f]||)}: Anthropic's update of January 2025.
   *
   * @param scale 4 there
   */
  record Tanh(double scale) implements Sparsity {
    public Tanh {
      Positive.require("scale of the tanh penalty", scale);
    }
  }
}
