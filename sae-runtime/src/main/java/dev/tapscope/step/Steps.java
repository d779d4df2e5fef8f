package dev.tapscope.step;

/** The choice between the implementations. */
public final class Steps {
  private Steps() {}

  /**
   * Loops in double that everything else is judged by; its state is {@code F64}.
   *
   * @throws IllegalArgumentException when the method does not fit the sizes
   */
  public static SaeInTraining plain(Dimensions dimensions, Method method) {
    return new PlainSae(dimensions, method, false);
  }

  /**
   * The fast one: single precision by the Vector API, sparse after the encoder; its state is {@code
   * F32}. The bits of its results do not depend on the number of threads.
   *
   * @throws IllegalArgumentException when the method does not fit the sizes
   */
  public static SaeInTraining sparse(Dimensions dimensions, Method method, int threads) {
    return new SparseSae(dimensions, method, threads, PhaseClock.NONE, true);
  }

  /**
   * The same, for benchmarks.
   *
   * @param clock is told of every phase of a step
   * @param lazy whether rows without a gradient may be left alone, where that changes nothing
   */
  public static SaeInTraining measured(
      Dimensions dimensions, Method method, int threads, PhaseClock clock, boolean lazy) {
    return new SparseSae(dimensions, method, threads, clock, lazy);
  }
}
