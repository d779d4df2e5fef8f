package dev.tapscope.train;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.kernel.SaeWeights;
import dev.tapscope.sae.SaeFolder;
import dev.tapscope.sae.SaeFormat;
import dev.tapscope.step.Steps;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rows made of a known dictionary, and how much of it training finds. */
class PlantedDictionaryTest {
  private static final int WIDTH = 64;
  private static final int TRUE_FEATURES = 256;

  /**
   * Gemma Scope's rates are made for a million steps. Here are 3000, so parameters go 140 times as
   * far in each, and fall to rest at the end; the band is 100 times as wide, so that even a batch
   * of 256 rows has values in it for most features, and thresholds begin as high, since a true
   * feature is never weaker than 0.28 after scaling. There are two features for each true one:
   * those that come too late for one of their own die.
   */
  private static final Words RECIPE =
      Words.line(
          "The test",
          "site=planted width=512 batch=256 steps=3000 lr=1e-2 lr-warmup=100 lr-decay=0.25"
              + " lambda=0.03 lambda-warmup=500 bandwidth=0.1 threshold=0.1 log-every=1000");

  @TempDir private Path folder;

  @Test
  void findsTheTrueDirections() {
    Task task = new Task("planted", Recipe.of(RECIPE));
    Plan plan = new Plan(Course.of(RECIPE), List.of(task), Map.of());
    PlantedRows rows = new PlantedRows(WIDTH, TRUE_FEATURES, 3, 7);
    try (Trainer trainer =
        Trainer.start(
            plan, Map.of("planted", rows), (sizes, method, n) -> Steps.best(sizes, method, 2))) {
      while (!trainer.finished()) {
        trainer.next();
      }
      Path file = trainer.folded(task, Arena.ofAuto()).writeTo(folder, SaeFormat.GEMMA_SCOPE);
      double found = found(SaeFolder.open(file).sae().weights(), rows.directions());
      System.out.printf(
          "planted dictionary: %.1f %% of %d directions found with a cosine of 0.9 or more%n",
          100 * found, TRUE_FEATURES);
      assertTrue(found >= 0.95, "found " + found);
    }
  }

  /** Share of the true directions that a decoder row has a cosine of at least 0.9 with. */
  private static double found(SaeWeights sae, double[][] directions) {
    int found = 0;
    for (double[] direction : directions) {
      double best = -1;
      for (int f = 0; f < sae.features(); f++) {
        float[] row = sae.decoderRow(f);
        double product = 0;
        double square = 0;
        for (int i = 0; i < WIDTH; i++) {
          product += row[i] * direction[i];
          square += (double) row[i] * row[i];
        }
        best = Math.max(best, product / Math.sqrt(square));
      }
      found += best >= 0.9 ? 1 : 0;
    }
    return (double) found / directions.length;
  }
}
