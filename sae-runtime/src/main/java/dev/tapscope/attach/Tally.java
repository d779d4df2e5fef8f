package dev.tapscope.attach;

import java.util.Map;

/** Sums over the positions of a run, BOS left out. Thread-safe. */
final class Tally {
  private long tokens;
  private long active;
  private double errorSquares;
  private double rowSquares;

  synchronized void add(long moreTokens, long moreActive, double moreError, double moreRows) {
    tokens += moreTokens;
    active += moreActive;
    errorSquares += moreError;
    rowSquares += moreRows;
  }

  /**
   * {@code tokens}; {@code l0}, the mean number of active features; {@code relative_error}, {@code
   * ||x - xhat|| / ||x||} over all rows together. Empty maps have no means.
   */
  synchronized Map<String, Object> describe() {
    if (tokens == 0 || rowSquares == 0) {
      return Map.of("tokens_without_bos", tokens);
    }
    return Map.of(
        "tokens_without_bos",
        tokens,
        "l0",
        (double) active / tokens,
        "relative_error",
        Math.sqrt(errorSquares / rowSquares));
  }
}
