package dev.tapscope.step;

/**
 * Adam at one step, without weight decay: Kingma and Ba, arXiv 1412.6980, algorithm 1.
 *
 * @param scale what gradients are multiplied by first: below 1 where their norm is clipped
 * @param firstBias {@code 1 - beta1^t}, what the mean gradient still lacks at step {@code t}
 * @param secondBias {@code 1 - beta2^t}
 */
record AdamStep(Adam adam, double learningRate, double scale, double firstBias, double secondBias) {
  /** The step number {@code t}, counted from 1. */
  static AdamStep number(long t, Adam adam, double learningRate, double scale) {
    return new AdamStep(
        adam,
        learningRate,
        scale,
        1 - StrictMath.pow(adam.beta1(), t),
        1 - StrictMath.pow(adam.beta2(), t));
  }

  /** How far a parameter goes down, by its gradient's moments. */
  double move(double first, double second) {
    return learningRate * (first / firstBias) / (Math.sqrt(second / secondBias) + adam.epsilon());
  }
}
