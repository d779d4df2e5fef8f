package dev.tapscope.cli;

import dev.tapscope.live.NextToken;

/** Distributions over the vocabulary, in double precision. */
final class LogProbabilities {
  private LogProbabilities() {}

  /** {@code log softmax}, in nats. */
  static double[] of(float[] logits) {
    double normaliser = NextToken.logNormaliser(logits);
    double[] log = new double[logits.length];
    for (int i = 0; i < log.length; i++) {
      log[i] = logits[i] - normaliser;
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
