package dev.tapscope.cli;

/** Distributions over the vocabulary, in double precision. */
final class LogProbabilities {
  private LogProbabilities() {}

  /** {@code log softmax}, in nats. */
  static double[] of(float[] logits) {
    double max = Double.NEGATIVE_INFINITY;
    for (float logit : logits) {
      max = Math.max(max, logit);
    }
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit - max);
    }
    double[] log = new double[logits.length];
    for (int i = 0; i < log.length; i++) {
      log[i] = logits[i] - max - Math.log(sum);
    }
    return log;
  }

  /** {@code KL(p || q) = sum p (log p - log q)} of two rows of logits, in nats. */
  static double divergence(float[] p, float[] q) {
    double[] logP = of(p);
    double[] logQ = of(q);
    double sum = 0;
    for (int i = 0; i < logP.length; i++) {
      sum += Math.exp(logP[i]) * (logP[i] - logQ[i]);
    }
    return sum;
  }

  static double probability(float[] logits, int token) {
    return Math.exp(of(logits)[token]);
  }

  static int likeliest(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      if (logits[i] > logits[best]) {
        best = i;
      }
    }
    return best;
  }
}
