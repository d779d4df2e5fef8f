package gemma2.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SamplerTest {

  /** Probabilities 0.1, 0.4, 0.3, 0.2. */
  private static final float[] LOGITS = {log(1), log(4), log(3), log(2)};

  private static final int DRAWS = 200_000;

  @Test
  void takesTheLikeliestAndOfEqualOnesTheFirst() {
    assertEquals(1, draw(0, 0, 1, LOGITS));
    assertEquals(2, draw(0, 0, 1, new float[] {-5, -4, -1, -1}));
  }

  @Test
  void drawsByProbability() {
    assertShares(1, 0, 1, 0.1, 0.4, 0.3, 0.2);
  }

  @Test
  void squaresTheOddsAtHalfTheTemperature() {
    // 1, 16, 9 and 4 of 30.
    assertShares(0.5, 0, 1, 1 / 30.0, 16 / 30.0, 9 / 30.0, 4 / 30.0);
  }

  @Test
  void keepsTheLikeliestK() {
    assertShares(1, 2, 1, 0, 4 / 7.0, 3 / 7.0, 0);
    assertShares(1, 1, 1, 0, 1, 0, 0);
    assertShares(1, 9, 1, 0.1, 0.4, 0.3, 0.2);
  }

  @Test
  void keepsTheLikeliestThatReachP() {
    // 0.4 alone falls short of 0.5; 0.4 + 0.3 does not.
    assertShares(1, 0, 0.5, 0, 4 / 7.0, 3 / 7.0, 0);
    assertShares(1, 0, 0.75, 0, 4 / 9.0, 3 / 9.0, 2 / 9.0);
    assertShares(1, 0, 0.01, 0, 1, 0, 0);
  }

  @Test
  void reachesPAmongTheKThatStay() {
    // Of the three likeliest, 4/9 + 3/9 reach 0.75.
    assertShares(1, 3, 0.75, 0, 4 / 7.0, 3 / 7.0, 0);
  }

  @Test
  void drawsEqualTokensFromEqualSeeds() {
    assertArrayEquals(draws(11), draws(11));
    assertEquals(false, java.util.Arrays.equals(draws(11), draws(12)));
  }

  @Test
  void knowsLogProbabilities() {
    assertEquals(Math.log(0.3), Likelihood.log(LOGITS, 2), 1e-7);
    assertEquals(0, Likelihood.log(new float[] {500, -500}, 0), 1e-12);
    assertEquals(-1000, Likelihood.log(new float[] {500, -500}, 1), 1e-9);
  }

  private static int[] draws(long seed) {
    Sampler sampler = new Sampler(new Sampler.Settings(1, 0, 1, seed));
    return IntStream.range(0, 50).map(i -> sampler.next(LOGITS)).toArray();
  }

  private static int draw(double temperature, int topK, double topP, float[] logits) {
    return new Sampler(new Sampler.Settings(temperature, topK, topP, 1)).next(logits);
  }

  /** A share of 200,000 draws lies within 0.005 of its probability, 4.5 deviations at least. */
  private static void assertShares(
      double temperature, int topK, double topP, double... probabilities) {
    Sampler sampler = new Sampler(new Sampler.Settings(temperature, topK, topP, 42));
    double[] shares = new double[LOGITS.length];
    for (int i = 0; i < DRAWS; i++) {
      shares[sampler.next(LOGITS)] += 1.0 / DRAWS;
    }
    for (int id = 0; id < shares.length; id++) {
      assertEquals(probabilities[id], shares[id], probabilities[id] == 0 ? 0 : 0.005);
    }
  }

  private static float log(double odds) {
    return (float) Math.log(odds);
  }
}
