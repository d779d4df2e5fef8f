package dev.tapscope.train;

import dev.tapscope.step.Rates;

/**
 * What changes from step to step, as functions of the step alone, so that nothing of it needs to be
 * kept in a checkpoint.
 */
public final class Schedule {
  private static final double FIRST_RATE = 0.1;

  private final Recipe recipe;
  private final long steps;

  /**
   * @param steps length of the whole run
   */
  public Schedule(Recipe recipe, long steps) {
    this.recipe = recipe;
    this.steps = steps;
  }

  /** The rates of a step, counted from 0. */
  public Rates at(long step) {
    return new Rates(learningRate(step), coefficient(step));
  }

  /**
   * Whether dead features begin anew before a step, counted from 0: before every so many, where
   * they have as many left to learn in.
   */
  boolean resamples(long step) {
    long every = recipe.resampleEvery().orElse(Long.MAX_VALUE);
    return step > 0 && step % every == 0 && steps - step >= every;
  }

  /**
   * {@code lr (0.1 + 0.9 (1 - cos(pi t / warmup)) / 2)} (arXiv 2408.05147, section 3.2, says a
   * cosine from 0.1 to 1), then {@code lr}, then a line to 0 that would be reached after the last
   * step.
   */
  public double learningRate(long step) {
    return recipe.learningRate() * warmth(step) * decay(step);
  }

  private double warmth(long step) {
    if (step >= recipe.rateWarmUp()) {
      return 1;
    }
    double risen = (1 - StrictMath.cos(Math.PI * step / recipe.rateWarmUp())) / 2;
    return FIRST_RATE + (1 - FIRST_RATE) * risen;
  }

  private double decay(long step) {
    double falling = recipe.rateDecay() * steps;
    return falling == 0 ? 1 : Math.min(1, (steps - step) / falling);
  }

  /** {@code lambda t / warmup}, then {@code lambda}. */
  public double coefficient(long step) {
    return step >= recipe.lambdaWarmUp()
        ? recipe.lambda()
        : recipe.lambda() * step / recipe.lambdaWarmUp();
  }
}
