package dev.tapscope.endtoend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.fixtures.Difference;
import dev.tapscope.fixtures.GoldenPrompt;
import dev.tapscope.fixtures.SafetensorsWriter;
import dev.tapscope.fixtures.SafetensorsWriter.Type;
import dev.tapscope.fixtures.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/**
 * The edits that bring rows from outside, each at every scope: the rows after the edit are those of
 * the file, or of the donor run as a stranger reads them.
 */
class RowEditsIT {
  private static final GoldenPrompt PROMPT = GoldenPrompt.named("short"); // six tokens with BOS
  private static final GoldenPrompt OTHER = GoldenPrompt.named("question");
  private static final int NEW_TOKENS = 5; // four of them are computed, at 6 to 9
  private static final int WIDTH = 128;
  private static final int LAYERS = 6;

  /** So small that no token changes. */
  private static final double[] SMALL =
      IntStream.range(0, WIDTH).mapToDouble(i -> (i % 7 - 3) / 512.0).toArray();

  private static Captures.Run clean;
  private static Captures.Run donor;
  private static Path vector;
  private static Path means;

  @BeforeAll
  static void makeSources() {
    clean =
        Captures.captured(Captures.generate(PROMPT, NEW_TOKENS).brief(), "clean", "capture=res.*");
    donor = Captures.captured(Captures.generate(OTHER, 2).brief(), "donor", "capture=res.*+mlp.4");
    Path folder = Packaged.workFolder("vectors");
    vector = folder.resolve("vector.safetensors");
    SafetensorsWriter.write(
        vector, Type.F32, Map.of("any", new Tensor(new int[] {WIDTH}, SMALL)), Map.of());
    means = folder.resolve("means.safetensors");
    Map<String, Tensor> byAddress = new LinkedHashMap<>();
    for (int layer = 0; layer < LAYERS; layer++) {
      byAddress.put("res." + layer, Tensor.ofRows(new double[][] {meanOfDonor("res." + layer)}));
    }
    SafetensorsWriter.write(means, Type.F32, byAddress, Map.of());
  }

  @Tag("full") // 24 JVMs; RowEditsTest has every edit at every scope by hand
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''              | 1 2 3 4 5 6 7 8 9",
        "@all+bos        | 0 1 2 3 4 5 6 7 8 9",
        "@prompt         | 1 2 3 4 5",
        "@generated      | 6 7 8 9",
        "@last           | 5",
        "@0              | 0",
        "@2..7           | 2 3 4 5 6 7",
        "@token:\" Light\" | 4"
      })
  void everyEditMakesItsRowsInItsScope(String scope, String positions) {
    List<Integer> covered = Stream.of(positions.split(" ")).map(Integer::valueOf).toList();
    double[] mean = meanOfDonor("res.5");
    double[] row = donor.captured().rows("res.5", 0, 3).row(0);
    check("add res.5 " + vector + " " + scope, covered, true);
    assertRows(run("mean res.5 " + donor.folder() + " " + scope), covered, mean);
    assertRows(run("mean res.5 " + means + " " + scope), covered, mean);
    assertRows(run("patch res.5 " + scope + " from " + donor.folder() + "#0@3"), covered, row);
  }

  private static void check(String edit, List<Integer> covered, boolean sameTokens) {
    CapturedRun after = run(edit);
    assertEquals(sameTokens, Arrays.equals(clean.captured().tokens(0), after.tokens(0)), edit);
    for (int position = 0; position < 10; position++) {
      double[] before = clean.captured().rows("res.5", 0, position).row(0);
      double[] actual = after.rows("res.5", 0, position).row(0);
      for (int i = 0; i < WIDTH; i++) {
        double wanted =
            covered.contains(position)
                ? (double) ((float) before[i] + (float) SMALL[i])
                : before[i];
        assertEquals(wanted, actual[i], edit + " at position " + position + ", value " + i);
      }
    }
  }

  /** Where an edit is, its row is; before the first edit everything is as it was. */
  private static void assertRows(CapturedRun after, List<Integer> covered, double[] wanted) {
    for (int position = 0; position < 10; position++) {
      double[] actual = after.rows("res.5", 0, position).row(0);
      if (covered.contains(position)) {
        Difference difference = Difference.between(actual, wanted);
        assertTrue(difference.absolute() <= 1e-6 * difference.scale(), difference::toString);
      } else if (position < covered.getFirst()) {
        assertArrayEquals(clean.captured().rows("res.5", 0, position).row(0), actual);
      } else {
        assertFalse(Arrays.equals(wanted, actual), "position " + position);
      }
    }
  }

  /** The next layer computes on with the patched row: res.* puts each layer's own. */
  @Test
  void layersPairOneByOne() {
    CapturedRun after = run("patch res.* @2..4 from " + donor.folder() + "#0@5..7");
    for (int layer = 0; layer < LAYERS; layer++) {
      String address = "res." + layer;
      for (int i = 0; i < 3; i++) {
        assertArrayEquals(
            donor.captured().rows(address, 0, 5 + i).row(0),
            after.rows(address, 0, 2 + i).row(0),
            address);
      }
      assertArrayEquals(
          clean.captured().rows(address, 0, 1).row(0), after.rows(address, 0, 1).row(0), address);
    }
  }

  /** A run's own rows put back change nothing, not one bit. */
  @Test
  void patchingARunWithItselfChangesNothing() {
    CapturedRun after = run("patch res.* @0..5 from " + clean.folder() + "#0@0..5");
    assertArrayEquals(clean.captured().tokens(0), after.tokens(0));
    for (int layer = 0; layer < LAYERS; layer++) {
      assertArrayEquals(
          clean.captured().rows("res." + layer, 0).values(),
          after.rows("res." + layer, 0).values());
    }
  }

  @Test
  void runJsonSaysWhatWasPut() {
    Captures.Run run =
        captured("patch blocks.4.hook_resid_post @last from " + donor.folder() + "#0@last");
    JsonNode edit = run.captured().description().get("edits").get(0);
    int last = OTHER.ids().length - 1;
    assertEquals("last", edit.get("scope").stringValue());
    assertEquals(1, edit.get("rows").intValue());
    String source = edit.get("sources").get(0).stringValue();
    assertTrue(
        source.startsWith("res.4 of %s, sequence 0, position %d".formatted(donor.folder(), last)),
        source);
    assertTrue(run.finished().err().contains("edit.1 takes " + source), run.finished()::toString);
    assertTrue(edit.get("formula").stringValue().startsWith("h := row of "), edit::toString);
  }

  private static double[] meanOfDonor(String address) {
    CapturedRun run = donor.captured();
    double[] sum = new double[WIDTH];
    int rows = 0;
    for (CapturedRun.Place place : run.places(address)) {
      if (place.position() > 0) { // BOS
        double[] row = run.rows(address, 0, place.position()).row(0);
        for (int i = 0; i < WIDTH; i++) {
          sum[i] += row[i];
        }
        rows++;
      }
    }
    double count = rows;
    return Arrays.stream(sum).map(s -> s / count).toArray();
  }

  private static CapturedRun run(String edit) {
    return captured(edit).captured();
  }

  private static Captures.Run captured(String edit) {
    return Captures.captured(
        Captures.generate(PROMPT, NEW_TOKENS).brief(),
        "row-edit",
        "capture=res.*",
        "edit.1=" + edit);
  }
}
