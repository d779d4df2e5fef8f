package gemma2.model;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Chooses the next token. Temperature 0 takes the likeliest; otherwise logits are divided by the
 * temperature, then only the {@code topK} likeliest stay, then only the likeliest that together
 * reach {@code topP}, and one of these is drawn.
 */
public final class Sampler {

  /**
   * How to choose.
   *
   * @param temperature 0 for the likeliest token
   * @param topK how many tokens stay; 0 for all
   * @param topP the probability that the tokens which stay must reach; 1 for all
   * @param seed equal seeds draw equal tokens
   */
  public record Settings(double temperature, int topK, double topP, long seed) {}

  private final Settings settings;
  private final SplittableRandom random;

  public Sampler(Settings settings) {
    this.settings = settings;
    this.random = new SplittableRandom(settings.seed());
  }

  /** The next token's id. */
  public int next(float[] logits) {
    if (settings.temperature() == 0) {
      return likeliest(logits);
    }
    int[] kept = kept(logits);
    double[] weights = weights(logits, kept);
    int count = withinTopP(weights);
    double target = random.nextDouble() * Arrays.stream(weights, 0, count).sum();
    int chosen = 0;
    for (double passed = weights[0]; passed <= target && chosen < count - 1; ) {
      passed += weights[++chosen];
    }
    return kept[chosen];
  }

  /** Of equal logits the first. */
  private static int likeliest(float[] logits) {
    int best = 0;
    for (int id = 1; id < logits.length; id++) {
      if (logits[id] > logits[best]) {
        best = id;
      }
    }
    return best;
  }

  /** Ids by falling logit, the topK first of them; in any order when nothing is to be cut. */
  private int[] kept(float[] logits) {
    boolean all = settings.topK() == 0 || settings.topK() >= logits.length;
    if (all && settings.topP() >= 1) {
      return IntStream.range(0, logits.length).toArray();
    }
    long[] ranked = new long[logits.length];
    for (int id = 0; id < logits.length; id++) {
      ranked[id] = (long) ~sortable(logits[id]) << 32 | id;
    }
    Arrays.sort(ranked);
    return Arrays.stream(ranked, 0, all ? logits.length : settings.topK())
        .mapToInt(key -> (int) key)
        .toArray();
  }

  /** Integers in the order of the floats. */
  private static int sortable(float value) {
    int bits = Float.floatToIntBits(value);
    return bits ^ (bits >> 31 & 0x7FFF_FFFF);
  }

  /** What the probabilities are proportional to. */
  private double[] weights(float[] logits, int[] ids) {
    float max = logits[likeliest(logits)];
    return Arrays.stream(ids)
        .mapToDouble(id -> Math.exp(((double) logits[id] - max) / settings.temperature()))
        .toArray();
  }

  private int withinTopP(double[] weights) {
    if (settings.topP() >= 1) {
      return weights.length;
    }
    double wanted = settings.topP() * Arrays.stream(weights).sum();
    double reached = 0;
    int count = 0;
    while (count < weights.length && reached < wanted) {
      reached += weights[count++];
    }
    return Math.max(count, 1);
  }
}
