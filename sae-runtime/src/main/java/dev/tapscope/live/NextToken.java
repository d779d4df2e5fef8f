package dev.tapscope.live;

/** What a row of logits says of the token that follows, in double precision. */
public final class NextToken {
  private NextToken() {}

  /** {@code log sum exp(logits)}. */
  public static double logNormaliser(float[] logits) {
    double max = Double.NEGATIVE_INFINITY;
    for (float logit : logits) {
      max = Math.max(max, logit);
    }
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit - max);
    }
    return max + Math.log(sum);
  }

  /** Cross entropy, {@code -log softmax(logits)[token]}, in nats. */
  public static double loss(float[] logits, int token) {
    return logNormaliser(logits) - logits[token];
  }
}
