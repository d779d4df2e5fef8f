package dev.tapscope.bench.step;

import dev.tapscope.step.Batch;
import dev.tapscope.step.Dimensions;
import dev.tapscope.step.SaeInTraining;
import dev.tapscope.step.StateArray;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;

/**
 * An SAE and rows made of normal random numbers, such that features fire as rarely as they do in a
 * trained SAE: their rates are lognormal. {@code x ~ N(0, I / d)}, rows of {@code W_dec} of unit
 * length, {@code W_enc = W_dec}, so that preactivations are {@code N(0, 1 / d)} and a rate gives a
 * threshold.
 */
final class Synthetic {
  private static final double SPREAD_OF_RATES = 1.8;
  private static final double LEAST_RATE = 1e-6;
  private static final double GREATEST_RATE = 0.4;
  private static final float LEAST_THRESHOLD = 0.05f;
  private static final long SEED = 1;

  private Synthetic() {}

  /** Fills in an SAE whose arrays are zero. */
  static void fill(SaeInTraining sae, double l0) {
    Dimensions dimensions = sae.dimensions();
    Random random = new Random(SEED);
    MemorySegment encoder = array(sae, "W_enc");
    MemorySegment decoder = array(sae, "W_dec");
    float[] row = new float[dimensions.inputs()];
    for (int f = 0; f < dimensions.features(); f++) {
      double squares = 0;
      for (int i = 0; i < row.length; i++) {
        row[i] = (float) random.nextGaussian();
        squares += row[i] * row[i];
      }
      for (int i = 0; i < row.length; i++) {
        float w = (float) (row[i] / Math.sqrt(squares));
        long at = (long) f * row.length + i;
        encoder.setAtIndex(ValueLayout.JAVA_FLOAT, at, w);
        decoder.setAtIndex(ValueLayout.JAVA_FLOAT, at, w);
      }
    }
    double[] rates = rates(random, dimensions.features(), l0);
    MemorySegment thresholds = array(sae, "threshold");
    for (int f = 0; f < rates.length; f++) {
      double threshold = Math.max(LEAST_THRESHOLD, exceededBy(rates[f]));
      thresholds.setAtIndex(
          ValueLayout.JAVA_FLOAT, f, (float) (threshold / Math.sqrt(dimensions.inputs())));
    }
  }

  private static double[] rates(Random random, int features, double l0) {
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

  static Batch batch(Arena arena, Dimensions dimensions, int rows) {
    Random random = new Random(SEED + 1);
    long size = (long) rows * dimensions.inputs();
    MemorySegment x = arena.allocate(size * Float.BYTES, 64);
    double scale = 1 / Math.sqrt(dimensions.inputs());
    for (long i = 0; i < size; i++) {
      x.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) (random.nextGaussian() * scale));
    }
    return new Batch(x, x, rows);
  }

  private static MemorySegment array(SaeInTraining sae, String name) {
    return sae.state().stream()
        .filter(array -> array.name().equals(name))
        .map(StateArray::values)
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("There is no array " + name + "."));
  }
}
