package dev.tapscope.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.fixtures.GoldenPrompt;
import dev.tapscope.fixtures.Npz;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The features of the packaged run against the golden ones. */
class GoldenFeaturesIT {
  static Stream<Arguments> promptsAndSites() {
    return GoldenPrompt.all()
        .flatMap(prompt -> GoldenSaes.SITES.stream().map(site -> Arguments.of(prompt, site)));
  }

  @ParameterizedTest
  @MethodSource("promptsAndSites")
  void valuesAgreeAndGatesDoWhereTheyAreClear(GoldenPrompt prompt, String site) {
    CapturedRun run = GoldenSaes.run(prompt).captured();
    SortedMap<CapturedRun.Place, SortedMap<Integer, Double>> features = run.features(site);
    SaeByHand sae = SaeByHand.read(GoldenSaes.folder(site));
    Npz golden = prompt.saeArrays();
    int tokens = prompt.ids().length;
    assertEquals(tokens, features.size(), "rows");
    double scale = golden.array(site + ".values").maxAbs();
    double worst = 0;
    int flips = 0;
    for (int position = 0; position < tokens; position++) {
      Map<Integer, Double> expected = row(golden, site, position);
      Map<Integer, Double> actual = features.get(new CapturedRun.Place(0, position));
      double[] z = sae.preActivations(run.rows(site + ".3", 0, position).row(0));
      TreeSet<Integer> union = new TreeSet<>(expected.keySet());
      union.addAll(actual.keySet());
      for (int feature : union) {
        if (expected.containsKey(feature) && actual.containsKey(feature)) {
          worst = Math.max(worst, Math.abs(expected.get(feature) - actual.get(feature)));
        } else {
          flips++;
          double gap = Math.abs(z[feature] - sae.threshold(feature));
          String where = "%s %s position %d feature %d: %s, not %s, gap %g";
          assertTrue(
              gap <= 1e-4,
              where.formatted(
                  prompt,
                  site,
                  position,
                  feature,
                  actual.get(feature),
                  expected.get(feature),
                  gap));
        }
      }
    }
    System.out.printf(
        "features %-8s %-3s worst %.2e of %.3g = %.2e, %d gates differ%n",
        prompt, site, worst, scale, worst / scale, flips);
    assertTrue(worst <= 1e-5 * scale, worst + " of " + scale);
  }

  private static Map<Integer, Double> row(Npz golden, String site, int position) {
    int[] pointer = golden.array(site + ".indptr").ints();
    Map<Integer, Double> row = new TreeMap<>();
    for (int i = pointer[position]; i < pointer[position + 1]; i++) {
      row.put((int) golden.array(site + ".indices").at(i), golden.array(site + ".values").at(i));
    }
    return row;
  }
}
