package dev.tapscope.endtoend;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.fixtures.Fixtures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** How good an SAE of the tiny model comes out of {@code harvest} and {@code train}. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the command is a shell script")
class TrainedSaeIT {
  private static final Path TEXT = Fixtures.tinyGemma2().resolve("text/train.jsonl.gz");
  private static final String FAITHFUL = "res/layer_3/width_1k/average_l0_26";

  /** The recipe by which the shipped SAEs were trained (tiny-gemma2/sae/README.md). */
  private static JvmRun train(Path store, Path out) {
    return tapscope("train", "--store", store.toString(), "--out", out.toString())
        .with("--site", "res.3", "--width", "1024", "--bias", "mean", "--lr", "1e-3")
        .with("--lr-decay", "0.25", "--lr-warmup", "200", "--lambda", "2e-3")
        .with("--bandwidth", "0.03", "--threshold", "0.03");
  }

  private static JvmRun tapscope(String... arguments) {
    return new JvmRun(List.of(), List.of(arguments));
  }

  private static void harvest(Path corpus, Path store) {
    tapscope("harvest", "--model", Fixtures.tinyGemma2().toString(), "--capture", "res.3")
        .with("--corpus", corpus.toString(), "--out", store.toString())
        .run(Packaged.command())
        .ok();
  }

  /** The whole text: at least as good as the shipped SAE, and within five minutes. */
  @Test
  @Tag("full")
  void aWholeTrainingIsNoWorseThanTheShippedSae() throws IOException {
    Path folder = Packaged.workFolder("trained");
    harvest(TEXT, folder.resolve("store"));
    long begun = System.nanoTime();
    train(folder.resolve("store"), folder.resolve("out"))
        .with("--batch", "1024", "--steps", "7000", "--lambda-warmup", "1400", "--threads", "2")
        .run(Packaged.command())
        .ok();
    Duration taken = Duration.ofNanos(System.nanoTime() - begun);
    JvmRun.Finished evaluated =
        tapscope("eval", "--model", Fixtures.tinyGemma2().toString(), "--eos", "--json")
            .with("--corpus", Fixtures.tinyGemma2().resolve("text/holdout.jsonl").toString())
            .with("--out", folder.resolve("eval").toString())
            .with("--sae", "mine=res.3 " + folder.resolve("out/sae"))
            .run(Packaged.command())
            .ok();
    JsonNode mine = json(evaluated.out()).get("saes").get(0);
    JsonNode shipped = json(Files.readString(Fixtures.sae(FAITHFUL).resolve("report.json")));
    System.out.printf(
        "trained in %s: L0 %.2f, FVU %.4f, delta loss %.4f; shipped: %.2f, %.4f, %.4f%n",
        taken,
        mine.get("l0").doubleValue(),
        mine.get("fvu_about_dataset_mean").doubleValue(),
        mine.get("delta_loss").doubleValue(),
        shipped.get("l0").doubleValue(),
        shipped.get("fvu").doubleValue(),
        shipped.get("delta_loss").doubleValue());
    assertTrue(mine.get("l0").doubleValue() <= shipped.get("l0").doubleValue());
    assertTrue(
        mine.get("fvu_about_dataset_mean").doubleValue() <= shipped.get("fvu").doubleValue());
    assertTrue(mine.get("delta_loss").doubleValue() <= shipped.get("delta_loss").doubleValue());
  }

  private static JsonNode json(String text) {
    return new JsonMapper().readTree(text);
  }
}
