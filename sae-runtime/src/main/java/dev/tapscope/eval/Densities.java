package dev.tapscope.eval;

import java.util.Arrays;

/** On what share of the tokens each feature fired. Immutable. */
public final class Densities {
  /** Bins of the histogram to a factor of ten. */
  private static final int PER_DECADE = 2;

  /** Where the histogram begins, as a power of ten: rarer features are in its first bin. */
  private static final int LOWEST = -6;

  /** Number of bins. */
  public static final int BINS = -LOWEST * PER_DECADE;

  private final long[] firings;
  private final long tokens;

  Densities(long[] firings, long tokens) {
    this.firings = firings.clone();
    this.tokens = tokens;
  }

  /** Share of the tokens on which a feature fired. */
  public double of(int feature) {
    return (double) firings[feature] / tokens;
  }

  public int features() {
    return firings.length;
  }

  /** Features that fired on none of the tokens; how much that says depends on how many they are. */
  public int dead() {
    return (int) Arrays.stream(firings).filter(n -> n == 0).count();
  }

  /** Features that fired on a larger share of the tokens. */
  public int denserThan(double share) {
    return (int) Arrays.stream(firings).filter(n -> (double) n / tokens > share).count();
  }

  /**
   * Numbers of features by density, without the dead ones. Bin {@code i} holds those from {@link
   * #lowerEdge lowerEdge(i)} on and below {@code lowerEdge(i + 1)}; the first also all below, the
   * last also density 1.
   */
  public int[] histogram() {
    int[] bins = new int[BINS];
    for (long n : firings) {
      if (n > 0) {
        double place = (Math.log10((double) n / tokens) - LOWEST) * PER_DECADE;
        bins[Math.clamp((long) Math.floor(place), 0, BINS - 1)]++;
      }
    }
    return bins;
  }

  /** Density at which a bin begins. */
  public static double lowerEdge(int bin) {
    return Math.pow(10, LOWEST + (double) bin / PER_DECADE);
  }
}
