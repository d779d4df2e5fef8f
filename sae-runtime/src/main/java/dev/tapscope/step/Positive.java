package dev.tapscope.step;

/** Numbers that make sense above 0 only. */
final class Positive {
  private Positive() {}

  static void require(String name, double value) {
    if (!(value > 0) || !Double.isFinite(value)) {
      throw new IllegalArgumentException(
          "The %s must be a finite number above 0, not %s.".formatted(name, value));
    }
  }
}
