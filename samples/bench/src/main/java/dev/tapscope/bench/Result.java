package dev.tapscope.bench;

import java.util.Arrays;
import java.util.Map;

/**
 * Times of one workload.
 *
 * @param times nanoseconds per repetition, by variant and round
 */
record Result(Workload workload, Map<Variant, double[]> times) {
  /** Median nanoseconds per repetition. */
  double nanos(Variant variant) {
    return median(times.get(variant));
  }

  /** Median over the rounds of this variant's time to another's in the same round. */
  double ratio(Variant variant, Variant other) {
    return median(ratios(variant, other));
  }

  /** How far the middle nine tenths of the rounds reach. */
  double[] spread(Variant variant) {
    double[] sorted = ratios(variant, Variant.UNWOVEN);
    Arrays.sort(sorted);
    return new double[] {
      sorted[sorted.length / 20], sorted[sorted.length - 1 - sorted.length / 20]
    };
  }

  /** Median nanoseconds a fire takes more than none. */
  double nanosPerFire(Variant variant) {
    return median(differences(variant)) / workload.fires();
  }

  /**
   * The same between the fastest tenths of their rounds: what the machine does when it is left
   * alone.
   */
  double quietNanosPerFire(Variant variant) {
    return (quiet(variant) - quiet(Variant.UNWOVEN)) / workload.fires();
  }

  private double quiet(Variant variant) {
    double[] sorted = times.get(variant).clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 10];
  }

  /** Bytes per second by what a variant takes more than the model alone. */
  double bytesPerSecond(Variant variant) {
    return workload.bytes() / median(differences(variant)) * 1e9;
  }

  private double[] differences(Variant variant) {
    double[] all = times.get(variant).clone();
    for (int i = 0; i < all.length; i++) {
      all[i] -= times.get(Variant.UNWOVEN)[i];
    }
    return all;
  }

  private double[] ratios(Variant variant, Variant other) {
    double[] all = times.get(variant).clone();
    for (int i = 0; i < all.length; i++) {
      all[i] /= times.get(other)[i];
    }
    return all;
  }

  static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
