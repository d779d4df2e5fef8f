package dev.tapscope.eval;

/**
 * What an SAE costs the language model: mean losses of the next token, in nats, over the same
 * tokens.
 *
 * @param tokens number of tokens predicted
 * @param clean of the model as it is
 * @param spliced with the site replaced by the reconstruction
 * @param zeroAblated with the site replaced by zeros
 */
public record LanguageLoss(long tokens, double clean, double spliced, double zeroAblated) {
  /** {@code spliced - clean}; 0 is perfect. */
  public double delta() {
    return spliced - clean;
  }

  /**
   * {@code (zeroAblated - spliced) / (zeroAblated - clean)}; 1 is perfect, 0 no better than zeros.
   * NaN when zeros cost nothing.
   */
  public double recovered() {
    double span = zeroAblated - clean;
    return span == 0 ? Double.NaN : (zeroAblated - spliced) / span;
  }
}
