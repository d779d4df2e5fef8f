package dev.tapscope.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.fixtures.Fixtures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * {@code tapscope eval} on the held-out text against the figures that PyTorch measured when the
 * SAEs were trained: {@code report.json} beside each of them.
 */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the command is a shell script")
class EvalIT {
  private static final String FAITHFUL = "res/layer_3/width_1k/average_l0_26";

  @Test
  void theMostFaithfulSaeHasItsRecordedFigures() throws IOException {
    Path out = hasRecordedFigures(FAITHFUL);
    List<String> csv = Files.readAllLines(out.resolve("eval.csv"));
    assertEquals(2, csv.size());
    assertTrue(csv.getFirst().contains(",fvu_about_dataset_mean,"), csv::toString);
    assertTrue(Files.readString(out.resolve("eval.svg")).contains("delta loss, nats per token"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "res/layer_3/width_1k/average_l0_9 res/layer_3/width_256/average_l0_15",
        "att/layer_3/width_1k/average_l0_24",
        "mlp/layer_3/width_1k/average_l0_21",
      })
  @Tag("full") // three or four runs over 41,000 tokens each
  void theOtherSaesHaveTheirRecordedFigures(String saes) throws IOException {
    hasRecordedFigures(saes.split(" "));
  }

  /** Evaluates SAEs of layer 3 together; returns the folder with the evaluation. */
  private static Path hasRecordedFigures(String... saes) throws IOException {
    Path out = Packaged.workFolder("eval");
    List<String> arguments =
        new ArrayList<>(
            List.of("eval", "--model", Fixtures.tinyGemma2().toString(), "--eos", "--corpus"));
    arguments.add(Fixtures.tinyGemma2().resolve("text/holdout.jsonl").toString());
    arguments.addAll(List.of("--out", out.toString(), "--json"));
    for (String sae : saes) {
      String site = sae.substring(0, sae.indexOf('/'));
      arguments.add("--sae");
      arguments.add("%s=%s.3 %s".formatted(sae.replace('/', '-'), site, Fixtures.sae(sae)));
    }
    JvmRun.Finished finished = new JvmRun(List.of(), arguments).run(Packaged.command()).ok();
    JsonNode measured = new JsonMapper().readTree(finished.out()).get("saes");
    assertEquals(saes.length, measured.size());
    for (int i = 0; i < saes.length; i++) {
      JsonNode recorded =
          new JsonMapper().readTree(Files.readString(Fixtures.sae(saes[i]).resolve("report.json")));
      check(recorded, measured.get(i));
    }
    return out;
  }

  private static void check(JsonNode recorded, JsonNode measured) {
    System.out.printf(
        "%s: L0 %.4f (%.4f), FVU %.6f (%.6f), delta loss %.6f (%.6f)%n",
        measured.get("name").stringValue(),
        measured.get("l0").doubleValue(),
        recorded.get("l0").doubleValue(),
        measured.get("fvu_about_dataset_mean").doubleValue(),
        recorded.get("fvu").doubleValue(),
        measured.get("delta_loss").doubleValue(),
        recorded.get("delta_loss").doubleValue());
    assertEquals(
        recorded.get("holdout_tokens").intValue(), measured.get("tokens").intValue(), "tokens");
    same("l0", 0.05, recorded, "l0", measured);
    same("fvu", 5e-4, recorded, "fvu_about_dataset_mean", measured);
    same("loss", 2e-4, recorded, "loss", measured);
    same("delta_loss", 2e-4, recorded, "delta_loss", measured);
    same("loss_zero_ablated", 2e-4, recorded, "loss_zero_ablated", measured);
    same("loss_recovered", 5e-4, recorded, "loss_recovered", measured);
    same("silent_on_holdout", 0, recorded, "dead_features", measured);
    same(
        "features_firing_on_over_10_percent",
        0,
        recorded,
        "features_denser_than_10_percent",
        measured);
  }

  private static void same(
      String recordedKey, double tolerance, JsonNode recorded, String key, JsonNode measured) {
    double wanted = recorded.get(recordedKey).doubleValue();
    double got = measured.get(key).doubleValue();
    assertTrue(Math.abs(wanted - got) <= tolerance, key + " " + got + ", recorded " + wanted);
  }
}
