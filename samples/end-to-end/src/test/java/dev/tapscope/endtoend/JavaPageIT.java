package dev.tapscope.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.fixtures.Fixtures;
import dev.tapscope.fixtures.GoldenPrompt;
import dev.tapscope.junit.Tapped;
import dev.tapscope.tap.Activation;
import dev.tapscope.tap.Address;
import dev.tapscope.tap.Phase;
import dev.tapscope.tap.Run;
import dev.tapscope.tap.Steps;
import dev.tapscope.tap.Taps;
import gemma2.io.Checkpoint;
import gemma2.math.Kernels;
import gemma2.math.Workers;
import gemma2.model.Config;
import gemma2.model.Gemma2;
import gemma2.model.KvCache;
import gemma2.model.ModelLoader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Every piece of Java on the page JAVA.md stands here, word for word, and does what it says. */
class JavaPageIT {
  private static final Path REPOSITORY = Path.of(System.getProperty("repository"));

  private final Gemma2 model =
      ModelLoader.load(
          Config.read(Fixtures.tinyGemma2()),
          Checkpoint.open(Fixtures.tinyGemma2()),
          Kernels.choose(),
          new Workers(1),
          ModelLoader.Options.DEFAULT);
  private final int[] ids = GoldenPrompt.named("short").ids();
  private final List<float[][]> kept = new ArrayList<>();
  private final List<float[][]> keys = new ArrayList<>();

  private static float[][] forward(Gemma2 model, int[] ids) {
    return model.forward(ids, 0, new KvCache(model.config(), ids.length), 1);
  }

  @Test
  void thePageShowsNothingElse() throws IOException {
    String here =
        squeezed(
            REPOSITORY.resolve(
                "samples/end-to-end/src/test/java/dev/tapscope/endtoend/JavaPageIT.java"));
    String page = Files.readString(REPOSITORY.resolve("instrument-agent/JAVA.md"));
    Matcher snippets = Pattern.compile("(?s)```java\n(.*?)```").matcher(page);
    int found = 0;
    while (snippets.find()) {
      found++;
      String snippet = snippets.group(1);
      assertTrue(here.contains(squeezed(snippet)), snippet);
    }
    assertEquals(7, found);
  }

  private static String squeezed(Path file) throws IOException {
    return squeezed(Files.readString(file));
  }

  private static String squeezed(String text) {
    return text.replaceAll("\\s+", "");
  }

  @Test
  void aRun() {
    try (Run run = Taps.open("gemma2")) {
      run.on("res.3", Phase.READ_AFTER, a -> kept.add(a.copy()));
      model.forward(ids, 0, new KvCache(model.config(), ids.length), 1);
    }
    assertEquals(ids.length, kept.get(0).length);
  }

  @Test
  @Tapped(profile = "gemma2")
  void hooks(Run run) {
    run.on("k.0", Phase.READ_AFTER, a -> keys.add(a.copy()));
    run.on("k.1", Phase.REPLACE, a -> a.set(keys.get(0)));
    forward(model, ids);
    assertEquals(1, keys.size());
  }

  @Test
  @Tapped(profile = "gemma2")
  void edits(Run run) {
    Path sae = Fixtures.resSae();
    float[][] clean = forward(model, ids);
    run.edit(Map.of("l9", "res.3 " + sae), "steer l9/76 1.25x @prompt");
    assertFalse(Arrays.deepEquals(clean, forward(model, ids)));
  }

  @Test
  @Tapped(profile = "gemma2")
  void aLoop(Run unused) {
    try (Steps<float[][]> run = Taps.steps("resid_mid.*+res.*", () -> forward(model, ids))) {
      for (Activation a : run) {
        if (a.address().equals(Address.of("res", 4))) {
          break;
        }
      }
    }
  }

  @Test
  @Tapped(profile = "gemma2")
  void onlyAsFarAsNeeded(Run unused) throws Exception {
    try (Run run = Taps.open("gemma2")) {
      run.on("res.2", Phase.READ_AFTER, a -> kept.add(a.copy()));
      run.stopWhenSeen();
      Optional<float[][]> result = run.call(() -> forward(model, ids));
      assertEquals(Optional.empty(), result);
    }
    assertEquals(1, kept.size());
  }

  @Test
  @Tapped(profile = "gemma2")
  void aBlockLeftOut(Run run) {
    float[][] clean = forward(model, ids);
    run.skip("block.2", a -> {});
    assertFalse(Arrays.deepEquals(clean, forward(model, ids)));
  }

  @Test
  @Tapped(
      profile = "gemma2",
      sites = "res.*",
      fires = {"res.0-5 2"})
  void anEditReachesTheLogits(Run run) {
    float[][] clean = forward(model, ids);
    run.on("att.2", Phase.REPLACE, a -> a.set(new float[a.rows()][a.width(0)]));
    assertFalse(Arrays.deepEquals(clean, forward(model, ids)));
  }
}
