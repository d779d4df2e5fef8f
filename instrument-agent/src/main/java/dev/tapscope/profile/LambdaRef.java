package dev.tapscope.profile;

import java.util.List;
import java.util.stream.Collectors;

/**
 * One of the lambdas of a body, {@code lambda N of M}: counted in bytecode order where they are
 * made, never by the names the compiler gives them. Method references are none.
 */
public record LambdaRef(int nth, int of) {
  /** As a profile writes it. */
  @Override
  public String toString() {
    return "lambda " + nth + " of " + of;
  }

  /** A lambda within a lambda: {@code lambda 1 of 2 lambda 1 of 1}. */
  public static String path(List<LambdaRef> lambdas) {
    return lambdas.stream().map(LambdaRef::toString).collect(Collectors.joining(" "));
  }
}
