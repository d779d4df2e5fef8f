package dev.tapscope.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import org.junit.jupiter.api.Test;

class ScheduleTest {
  private static Schedule schedule(Map<String, String> more) {
    Words words =
        Words.of("The test", Map.of("site", "res.3", "lambda", "2"))
            .then(Words.of("The test", more));
    return new Schedule(Recipe.of(words), 20_000);
  }

  /** The first three rates are those of the oracle's README: 0.1 + 0.9 (1 - cos(pi t/1000)) / 2. */
  @Test
  void theLearningRateRisesAlongAHalfCosineFromATenth() {
    Schedule gemmaScope = schedule(Map.of());
    for (int t = 0; t < 3; t++) {
      double oracle = 7e-5 * (0.1 + 0.9 * (1 - Math.cos(Math.PI * t / 1000)) / 2);
      assertEquals(oracle, gemmaScope.learningRate(t), 1e-18);
    }
    assertEquals(7e-6, gemmaScope.learningRate(0), 1e-18);
    assertEquals(7e-5 * 0.55, gemmaScope.learningRate(500), 1e-18);
    assertEquals(7e-5, gemmaScope.learningRate(1000));
    assertEquals(7e-5, gemmaScope.learningRate(19_999));
  }

  @Test
  void theSparsityCoefficientRisesInALine() {
    Schedule gemmaScope = schedule(Map.of());
    assertEquals(0, gemmaScope.coefficient(0));
    assertEquals(0.5, gemmaScope.coefficient(2500));
    assertEquals(2, gemmaScope.coefficient(10_000));
    assertEquals(2, gemmaScope.coefficient(15_000));
    assertEquals(2, schedule(Map.of("lambda-warmup", "0")).coefficient(0));
  }

  @Test
  void theLearningRateFallsAtTheEndWhereAsked() {
    Schedule decaying = schedule(Map.of("lr", "1", "lr-decay", "0.25", "lr-warmup", "0"));
    assertEquals(1, decaying.learningRate(0));
    assertEquals(1, decaying.learningRate(15_000));
    assertEquals(0.5, decaying.learningRate(17_500));
    assertEquals(1 / 5000.0, decaying.learningRate(19_999), 1e-15);
  }
}
