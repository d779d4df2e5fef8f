package gemma2.model;

/** Probabilities that logits stand for. */
public final class Likelihood {

  private Likelihood() {}

  /** The natural logarithm of the probability that the next token is {@code id}. */
  public static double log(float[] logits, int id) {
    float max = Float.NEGATIVE_INFINITY;
    for (float logit : logits) {
      max = Math.max(max, logit);
    }
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp((double) logit - max);
    }
    return (double) logits[id] - max - Math.log(sum);
  }
}
