package dev.tapscope.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.fixtures.Fixtures;
import dev.tapscope.fixtures.GoldenPrompt;
import dev.tapscope.fixtures.SafetensorsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The packaged {@code tapscope} on the tiny model; the figures are those of its DEMO.md. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the command is a shell script")
class TapscopeCommandIT {
  private static final String MODEL = Fixtures.tinyGemma2().toString();
  private static final String SAE = "l9=res.3 " + Fixtures.resSae();
  private static final int FRANCE = 76;
  private static final GoldenPrompt CITY_OF_LIGHT = GoldenPrompt.named("short");

  @Test
  void runShowsWhereFranceFiresAndShowShowsItAgain() throws IOException {
    Path folder = Packaged.workFolder("command");
    String run = folder.resolve("run").toString();
    Path page = folder.resolve("page.html");
    JvmRun.Finished ran =
        tapscope("run", "--model", MODEL, "--sae", SAE)
            .with("--prompt", "The City of Light is Paris. In Paris people speak French.")
            .with("-n", "1", "--out", run, "--html", page.toString())
            .run(Packaged.command())
            .ok();
    assertTrue(ran.out().contains("l9 at res.3"), ran::toString);
    assertTrue(lineOf(ran, " Light").matches(" Light +76 +9[.](1[5-9]|2[0-4]) .*"), ran::toString);
    assertTrue(lineOf(ran, " Paris").matches(" Paris +76 +13[.]2 .*"), ran::toString);
    assertTrue(Files.readString(page).contains("<html"), ran::toString);

    JvmRun.Finished shown = tapscope("show", run, "--json").run(Packaged.command()).ok();
    JsonNode document = json(shown);
    assertEquals(9.2, atText(document, " Light", 0), 0.05);
    assertEquals(13.2, atText(document, " Paris", 0), 0.05);
    assertEquals(13.2, atText(document, " Paris", 1), 0.05);
    assertEquals(10.8, atText(document, " French", 0), 0.05);
  }

  @Test
  void aRunWithoutAnSaeShowsWords() {
    JvmRun.Finished ran =
        tapscope("run", "--model", MODEL, "--capture", "res.3", "--json")
            .with("--prompt", "The City of Light is", "-n", "1")
            .run(Packaged.command())
            .ok();
    List<String> texts = new ArrayList<>();
    json(ran).get("tokens").forEach(token -> texts.add(token.get("text").stringValue()));
    assertEquals(List.of(" City", " of", " Light", " is"), texts.subList(2, texts.size()));
  }

  @Test
  void steeringTurnsMadridIntoParisAndStrengthZeroChangesNothing() {
    JvmRun.Finished steered =
        tapscope("steer", "--model", MODEL, "--sae", SAE, "--json", "--check")
            .with("--feature", "l9/76=1.25x@prompt", "--prompt", "The capital of Spain is")
            .with("-n", "1")
            .run(Packaged.command())
            .ok();
    JsonNode document = json(steered);
    assertEquals(" Madrid", document.at("/first_token_default/text").stringValue());
    assertEquals(" Paris", document.at("/first_token_edited/text").stringValue());
    assertTrue(document.at("/first_token_edited/sampled").booleanValue(), steered::toString);
    assertTrue(document.get("strength_0_bit_identical").booleanValue(), steered::toString);
  }

  /** Two commands: capture one prompt, and put its last position into another. */
  @Test
  void patchingTheLastTokenOfFranceIntoSpain() {
    String france = Packaged.workFolder("patch").resolve("france").toString();
    tapscope("run", "--model", MODEL, "--capture", "res.*", "--out", france)
        .with("--prompt", "The capital of France is", "-n", "1")
        .run(Packaged.command())
        .ok();
    assertPatched(france, 3, 0.23, 0.005);
    assertPatched(france, 4, 0.998, 0.0005);
  }

  private static void assertPatched(String france, int layer, double paris, double tolerance) {
    JvmRun.Finished patched =
        tapscope("steer", "--model", MODEL, "--prompt", "The capital of Spain is", "--json")
            .with("--edit", "patch res.%d @last from %s#0@last".formatted(layer, france))
            .with("--watch", " Paris", "-n", "2")
            .run(Packaged.command())
            .ok();
    JsonNode watched = json(patched).at("/watched/0");
    assertEquals(" Paris", watched.get("text").stringValue());
    assertEquals(paris, watched.get("p_edited").doubleValue(), tolerance, patched::toString);
    assertTrue(watched.get("p_default").doubleValue() < 0.01, patched::toString);
    assertEquals(
        " Madrid", json(patched).at("/first_token_default/text").stringValue(), patched::toString);
  }

  @Test
  void aWatchedTokenMustBeOne() {
    JvmRun.Finished refused =
        tapscope("steer", "--model", MODEL, "--prompt", "x", "--edit", "zero res.3")
            .with("--watch", "Paris is")
            .run(Packaged.command());
    assertEquals(2, refused.exit(), refused::toString);
    assertTrue(refused.err().contains("[token-unknown]"), refused::toString);
  }

  @Test
  void ablatingFranceHardlyMovesParis() {
    JvmRun.Finished ablated =
        tapscope("ablate", "--model", MODEL, "--sae", SAE, "--json", "--feature", "l9/76")
            .with("--prompt", "The City of Light is", "-n", "2")
            .run(Packaged.command())
            .ok();
    JsonNode first = json(ablated).get("first_token_default");
    assertEquals(" Paris", first.get("text").stringValue());
    assertEquals(0.998, first.get("p_default").doubleValue(), 5e-4);
    assertEquals(0.993, first.get("p_edited").doubleValue(), 5e-4);
  }

  @Test
  void statsMeasuresACorpus() throws IOException {
    Path folder = Packaged.workFolder("command");
    Path corpus = Files.writeString(folder.resolve("corpus.txt"), "The City of Light is\n");
    JvmRun.Finished measured =
        tapscope("stats", "--model", MODEL, "--sae", SAE, "--corpus", corpus.toString())
            .with("--out", folder.toString(), "--json")
            .run(Packaged.command())
            .ok();
    assertEquals(CITY_OF_LIGHT.ids().length - 1, json(measured).get("n_tokens").intValue());
    SafetensorsFile stats = SafetensorsFile.read(folder.resolve("stats.safetensors"));
    assertEquals(9.2, stats.tensor("max").floats()[FRANCE], 0.05);
  }

  @Test
  void endsWithACodeOfItsOwn() {
    assertEquals(2, tapscope("steer").run(Packaged.command()).exit());
    JvmRun.Finished missing =
        tapscope("show", Packaged.workFolder("none") + "/none").run(Packaged.command());
    assertEquals(1, missing.exit(), missing::toString);
    assertTrue(missing.err().contains("[run-missing]"), missing::toString);
  }

  /** The command's own script finds its java. */
  private static JvmRun tapscope(String... arguments) {
    return new JvmRun(List.of(), List.of(arguments)).brief();
  }

  /** The first line that begins so. */
  private static String lineOf(JvmRun.Finished finished, String beginning) {
    return finished.out().lines().filter(l -> l.startsWith(beginning)).findFirst().orElse("");
  }

  private static JsonNode json(JvmRun.Finished finished) {
    return new JsonMapper().readTree(finished.out());
  }

  /** What the France feature says at the nth token of this text, from 0. */
  private static double atText(JsonNode document, String text, int nth) {
    List<Integer> places = new ArrayList<>();
    for (JsonNode token : document.get("tokens")) {
      if (token.get("text").stringValue().equals(text)) {
        places.add(token.get("index").intValue());
      }
    }
    for (JsonNode feature : document.get("saes").get(0).get("features")) {
      for (JsonNode firing : feature.get("firings")) {
        if (feature.get("index").intValue() == FRANCE
            && firing.get("token").intValue() == places.get(nth)) {
          return firing.get("value").doubleValue();
        }
      }
    }
    throw new AssertionError("Feature 76 does not fire at" + text + ": " + document);
  }
}
