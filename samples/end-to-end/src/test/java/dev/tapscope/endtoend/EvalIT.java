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

  /**
   * A command of its own against {@code --model}, and both against the losses that the sample tells
   * itself, by its own arithmetic. One document is longer than the context.
   */
  @Test
  void aCommandIsEvaluatedAsTheModelTellsItself() throws IOException {
    String model = Packaged.tinyGemma2("eval-model", 256).toString();
    Path corpus = Packaged.workFolder("eval-corpus").resolve("corpus.jsonl");
    List<String> lines = new ArrayList<>();
    for (String line :
        Files.readAllLines(Fixtures.tinyGemma2().resolve("text/holdout.jsonl")).subList(0, 5)) {
      lines.add("{\"id\": \"%d\", ".formatted(lines.size()) + line.substring(1));
    }
    String words = "The City of Light is Paris, and it lies on the Seine. ".repeat(25);
    lines.add("{\"id\": \"long\", \"text\": \"%s\"}".formatted(words));
    Files.write(corpus, lines);
    String sae = "res.3 " + Fixtures.sae(FAITHFUL);
    JvmRun.Finished sample = eval(corpus, sae).with("--model", model).run(Packaged.command()).ok();
    assertTrue(
        sample.err().contains("of documents on the disk of ")
            && sample.err().contains("and neither activations nor logits"),
        sample::toString);
    List<String> score =
        List.of("score", "--model", model, "--json", "--window", "256", "--stride", "255");
    JvmRun.Finished command =
        eval(corpus, sae)
            .with("--", Packaged.java().toString(), "--add-modules=jdk.incubator.vector", "-jar")
            .with(Packaged.model().toString())
            .with(score.toArray(String[]::new))
            .with("--prompts", "{corpus}")
            .run(Packaged.command())
            .ok();
    JsonNode measured = new JsonMapper().readTree(command.out()).get("saes").get(0);
    assertEquals(new JsonMapper().readTree(sample.out()).get("saes").get(0), measured);
    JvmRun told = JvmRun.gemma2(score.toArray(String[]::new)).with("--prompts", corpus.toString());
    told("loss", told, measured);
    told("loss_spliced", spliced(told, sae, "splice x"), measured);
    told("loss_zero_ablated", spliced(told, sae, "zero res.3"), measured);
  }

  private static JvmRun eval(Path corpus, String sae) {
    return new JvmRun(List.of(), List.of("eval", "--json", "--sae", "x=" + sae))
        .with("--corpus", corpus.toString());
  }

  private static JvmRun spliced(JvmRun told, String sae, String edit) {
    return told.agent("profile=gemma2", "sae.x=" + sae, "edit.1=" + edit);
  }

  private static void told(String key, JvmRun score, JsonNode measured) {
    double sum = 0;
    long tokens = 0;
    for (JsonNode result : new JsonMapper().readTree(score.run().ok().out()).get("results")) {
      for (JsonNode loss : result.get("losses")) {
        sum += loss.doubleValue();
        tokens++;
      }
    }
    System.out.printf(
        "%s: %.9f, told %.9f over %d tokens%n",
        key, measured.get(key).doubleValue(), sum / tokens, tokens);
    assertEquals(sum / tokens, measured.get(key).doubleValue(), 1e-6, key);
  }

  @Test
  void aCommandThatDoesNotComputeAllLogitsIsSaid() throws IOException {
    Path corpus = Packaged.workFolder("eval-corpus").resolve("corpus.txt");
    Files.writeString(corpus, "The City of Light is Paris.\n");
    JvmRun.Finished refused =
        eval(corpus, "res.3 " + Fixtures.sae(FAITHFUL))
            .with("--", Packaged.java().toString(), "-jar", Packaged.model().toString())
            .with("generate", "--model", Fixtures.tinyGemma2().toString(), "-n", "2")
            .with("--prompts", "{corpus}")
            .brief()
            .run(Packaged.command());
    assertEquals(3, refused.exit(), refused::toString);
    assertTrue(refused.err().contains("[logits-missing]"), refused::toString);
    assertTrue(refused.err().contains("[model-stopped] Run 1"), refused::toString);
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
