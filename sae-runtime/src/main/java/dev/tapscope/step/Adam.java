package dev.tapscope.step;

/**
 * The optimiser, without weight decay. With {@code beta1 = 0} rows without a gradient need not be
 * touched, exactly.
 */
public record Adam(double beta1, double beta2, double epsilon) {
  /** What Gemma Scope uses, arXiv 2408.05147, section 3.2. */
  public static final Adam GEMMA_SCOPE = new Adam(0, 0.999, 1e-8);
}
