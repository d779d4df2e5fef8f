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
}
