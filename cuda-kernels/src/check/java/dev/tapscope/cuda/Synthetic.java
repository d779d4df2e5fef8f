package dev.tapscope.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * SAEs and rows of normal random numbers, such that features fire as rarely as they do in a trained
 * SAE: their rates are lognormal. {@code x ~ N(0, I / d)}, rows of {@code W_dec} of unit length,
 * {@code W_enc = W_dec}, so that preactivations are {@code N(0, 1 / d)} and a rate gives a
 * threshold. The same numbers every time, however many threads make them.
 */
final class Synthetic {
  private static final double SPREAD_OF_RATES = 1.8;
  private static final double LEAST_RATE = 1e-6;
  private static final double GREATEST_RATE = 0.4;
  private static final double LEAST_THRESHOLD = 0.05;

  private Synthetic() {}

  /** Unit rows {@code [rows, width]}. */
  static MemorySegment units(Arena arena, int rows, int width, long seed) {
    MemorySegment to = floats(arena, (long) rows * width);
    forRows(
        rows,
        seed,
        (row, random) -> {
          double[] values = normal(random, width);
          double squares = 0;
          for (double value : values) {
            squares += value * value;
          }
          write(to, row, values, 1 / Math.sqrt(squares));
        });
    return to;
  }

  /** Rows {@code [rows, width]} of about unit length. */
  static MemorySegment rows(Arena arena, int rows, int width, long seed) {
    MemorySegment to = floats(arena, (long) rows * width);
    forRows(
        rows, seed, (row, random) -> write(to, row, normal(random, width), 1 / Math.sqrt(width)));
    return to;
  }

  /**
   * Rows that an SAE can learn: each is a sum of a few of as many directions as there are unit
   * {@code directions}, and a little noise.
   */
  static MemorySegment sums(
      Arena arena, int rows, int width, MemorySegment directions, int of, long seed) {
    int each = 20;
    int known = Math.toIntExact(directions.byteSize() / Float.BYTES / width);
    MemorySegment to = floats(arena, (long) rows * width);
    forRows(
        rows,
        seed,
        (row, random) -> {
          double[] values = normal(random, width);
          for (int i = 0; i < width; i++) {
            values[i] *= 0.1 / Math.sqrt(width);
          }
          for (int i = 0; i < each; i++) {
            long at = (long) random.nextInt(Math.min(of, known)) * width;
            double factor = (0.5 + random.nextDouble()) / Math.sqrt(each);
            for (int k = 0; k < width; k++) {
              values[k] += factor * directions.getAtIndex(ValueLayout.JAVA_FLOAT, at + k);
            }
          }
          write(to, row, values, 1);
        });
    return to;
  }

  /** Thresholds with which about {@code l0} features are active on a row. */
  static float[] thresholds(int features, int inputs, double l0, long seed) {
    double[] rates = rates(new SplittableRandom(seed), features, l0);
    float[] thresholds = new float[features];
    for (int f = 0; f < features; f++) {
      double threshold = Math.max(LEAST_THRESHOLD, exceededBy(rates[f]));
      thresholds[f] = (float) (threshold / Math.sqrt(inputs));
    }
    return thresholds;
  }

  private static double[] rates(RandomGenerator random, int features, double l0) {
    double[] rates = new double[features];
    for (int f = 0; f < features; f++) {
      rates[f] = Math.exp(SPREAD_OF_RATES * random.nextGaussian());
    }
    for (int time = 0; time < 2; time++) {
      double sum = 0;
      for (double rate : rates) {
        sum += rate;
      }
      for (int f = 0; f < features; f++) {
        rates[f] = Math.clamp(rates[f] * l0 / sum, LEAST_RATE, GREATEST_RATE);
      }
    }
    return rates;
  }

  /** What a normal number exceeds that often: Abramowitz and Stegun, 26.2.23, to 5e-4. */
  private static double exceededBy(double rate) {
    double t = Math.sqrt(-2 * Math.log(rate));
    return t
        - (2.515517 + t * (0.802853 + t * 0.010328))
            / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  }

  static MemorySegment floats(Arena arena, long count) {
    return arena.allocate(count * Float.BYTES, 64);
  }

  static MemorySegment copy(Arena arena, float... values) {
    return floats(arena, values.length).copyFrom(MemorySegment.ofArray(values));
  }

  private interface Row {
    void make(int row, RandomGenerator random);
  }

  private static void forRows(int rows, long seed, Row row) {
    IntStream.range(0, rows)
        .parallel()
        .forEach(r -> row.make(r, new SplittableRandom(seed * 0x9E3779B97F4A7C15L + r)));
  }

  private static double[] normal(RandomGenerator random, int width) {
    double[] values = new double[width];
    for (int i = 0; i < width; i++) {
      values[i] = random.nextGaussian();
    }
    return values;
  }

  private static void write(MemorySegment to, int row, double[] values, double scale) {
    long at = (long) row * values.length;
    for (int i = 0; i < values.length; i++) {
      to.setAtIndex(ValueLayout.JAVA_FLOAT, at + i, (float) (values[i] * scale));
    }
  }
}
