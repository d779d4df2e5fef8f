package dev.tapscope.weave;

import java.util.Optional;

/**
 * What weaving does to the size of a method.
 *
 * @param method {@code Block.forward}
 * @param before bytes of its code as it is
 * @param after bytes of its code with its taps
 */
public record Growth(String method, int before, int after) {
  /** HotSpot does not compile methods that are larger ({@code -XX:-DontCompileHugeMethods}). */
  static final int COMPILED = 8000;

  /** HotSpot does not inline hot methods that are larger ({@code -XX:FreqInlineSize}). */
  static final int INLINED = 325;

  /** What follows for the speed of the method; empty when nothing does. */
  public Optional<String> warning() {
    if (before >= COMPILED) {
      return Optional.of("and HotSpot only interprets it, with or without taps");
    }
    return before <= INLINED && after > INLINED
        ? Optional.of("past the " + INLINED + " up to which HotSpot inlines a hot method")
        : Optional.empty();
  }

  /** {@code Block.forward grows from 210 to 224 bytes}, and what follows from it. */
  public String sentence() {
    return method
        + " grows from "
        + before
        + " to "
        + after
        + " bytes"
        + warning().map(w -> ", " + w).orElse("");
  }
}
