package dev.tapscope.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.fixtures.Fixtures;
import dev.tapscope.sae.HubFolder;
import dev.tapscope.sae.SaeFolder;
import dev.tapscope.sae.SaeStats;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

final class ExportTest {
  private static final String SAE = Fixtures.resSae().toString();

  @TempDir private Path folder;

  @Test
  void exportsWithStatisticsLabelsAndWhereItBelongs() throws IOException {
    Typed typed =
        Typed.command(
            "export", SAE, "--to", "saelens", "--out", folder.toString(), "--model-name", "tiny");
    assertEquals(0, typed.exit(), typed::toString);
    assertTrue(typed.out().contains("nothing was folded"), typed::toString);
    JsonNode config = json(folder.resolve("cfg.json"));
    assertEquals("blocks.3.hook_resid_post", config.at("/metadata/hook_name").stringValue());
    assertEquals("tiny", config.at("/metadata/model_name").stringValue());
    SaeFolder read = SaeFolder.open(folder);
    assertEquals("saelens", read.sae().format());
    assertEquals("France", read.labels().of(76).orElseThrow().text());
    assertEquals("40489", read.stats().orElseThrow().metadata().get("n_tokens"));
  }

  @Test
  void whatWasDoneIsPrintedAndStated() throws IOException {
    Typed typed =
        Typed.command(
            "export",
            SAE,
            "--to",
            "saelens",
            "--out",
            folder.toString(),
            "--scale",
            "2.5",
            "--input-bias",
            "--json");
    assertEquals(0, typed.exit(), typed::toString);
    JsonNode said = new JsonMapper().readTree(typed.out());
    assertEquals(2, said.get("notes").size());
    JsonNode stated = json(folder.resolve("cfg.json")).at("/metadata/tapscope");
    assertEquals(said.get("notes"), stated.get("notes"));
    assertEquals(2.5, stated.get("input_scale").doubleValue());
    assertTrue(stated.get("input_bias_taken_off").booleanValue());
  }

  /** The layer and the L0 of 8.5 come from the statistics beside it. */
  @Test
  void hubFoldersAreNamedAsTheHubNamesThem() {
    Typed typed =
        Typed.command("export", SAE, "--to", "gemma-scope", "--out", folder.toString(), "--hub");
    assertEquals(0, typed.exit(), typed::toString);
    double l0 = SaeFolder.open(Fixtures.resSae()).stats().orElseThrow().l0();
    assertEquals(8.5, l0, 0.05, "as sae/README.md has it");
    Path file =
        folder.resolve("layer_3/width_1k/average_l0_" + Math.round(l0)).resolve("params.npz");
    assertTrue(Files.isRegularFile(file), typed::toString);
    assertEquals(3, folder.relativize(file.getParent()).getNameCount());
  }

  /** Widths as google/gemma-scope-2b-pt-res has them. */
  @ParameterizedTest
  @CsvSource({
    "12, 16384, 81.6, layer_12/width_16k/average_l0_82",
    "20, 65536, 114.2, layer_20/width_65k/average_l0_114",
    "0, 1048576, 9, layer_0/width_1m/average_l0_9",
    "3, 256, 15, layer_3/width_256/average_l0_15",
  })
  void hubWidths(int layer, int features, double l0, String wanted) {
    assertEquals(
        Path.of("root").resolve(wanted), new HubFolder(layer, features, l0).under(Path.of("root")));
  }

  /** Unfolded by hand into a file that cannot say so, then imported with what it does not say. */
  @Test
  void importFoldsWhatAFileDoesNotState() throws IOException {
    Path theirs = folder.resolve("theirs");
    Typed.command(
        "export",
        SAE,
        "--to",
        "saelens",
        "--out",
        theirs.toString(),
        "--scale",
        "2.5",
        "--input-bias");
    // The weights alone, as if they were dictionary_learning's.
    Path bare = Files.createDirectory(folder.resolve("bare")).resolve("ae.safetensors");
    Files.copy(theirs.resolve("sae_weights.safetensors"), bare);
    Path ours = folder.resolve("ours");
    Typed typed =
        Typed.command(
            "import", bare.toString(), "--out", ours.toString(), "--scale", "2.5", "--input-bias");
    assertEquals(0, typed.exit(), typed::toString);
    assertTrue(typed.out().contains("2.5"), typed::toString);
    var wanted = SaeFolder.open(Fixtures.resSae()).sae().weights();
    var got = SaeFolder.open(ours).sae().weights();
    for (int f = 0; f < wanted.features(); f++) {
      assertArrayEquals(wanted.encoderColumn(f), got.encoderColumn(f));
      assertEquals(wanted.encoderBias(f), got.encoderBias(f), 1e-4, "b_enc " + f);
      assertEquals(1, wanted.threshold(f) / got.threshold(f), 1e-6, "threshold " + f);
    }
    assertFalse(Files.exists(ours.resolve(SaeStats.FILE)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "2 | sae-convention | --to gemma-scope --scale 2",
        "2 | sae-convention | --to dictionary-learning --input-bias",
        "2 | sae-convention | --to saelens --scale -1",
        "2 | site-unknown   | --to saelens --site res",
      })
  void refuses(int exit, String id, String options) {
    Path out = folder.resolve("out");
    String[] words = ("export SAE --out OUT " + options).split(" ");
    words[1] = SAE;
    words[3] = out.toString();
    Typed typed = Typed.command(words);
    assertEquals(exit, typed.exit(), typed::toString);
    assertTrue(typed.err().startsWith("tapscope: [" + id + "]"), typed::toString);
    assertFalse(Files.exists(out), "nothing was written");
  }

  @Test
  void anSaeThatIsThereIsKept() throws IOException {
    String[] words = {"export", SAE, "--to", "gemma-scope", "--out", folder.toString()};
    assertEquals(0, Typed.command(words).exit());
    Typed again = Typed.command(words);
    assertEquals(1, again.exit());
    assertTrue(again.err().startsWith("tapscope: [out-exists]"), again::toString);
    assertEquals(
        0,
        Typed.command(
                "export", SAE, "--to", "gemma-scope", "--out", folder.toString(), "--overwrite")
            .exit());
    assertEquals(
        "gemma-scope", json(folder.resolve("export.json")).get("source_format").stringValue());
  }

  @Test
  void theHubNeedsALayerAndAnL0() throws IOException {
    Path bare = Files.copy(Fixtures.resSae().resolve("params.npz"), folder.resolve("params.npz"));
    String out = folder.resolve("out").toString();
    Typed typed =
        Typed.command("export", bare.toString(), "--to", "gemma-scope", "--out", out, "--hub");
    assertTrue(typed.err().startsWith("tapscope: [hub-unknown]"), typed::toString);
    assertEquals(
        0,
        Typed.command(
                "export",
                bare.toString(),
                "--to",
                "gemma-scope",
                "--out",
                out,
                "--hub",
                "--site",
                "res.3",
                "--l0",
                "8.51")
            .exit());
    assertTrue(Files.exists(folder.resolve("out/layer_3/width_1k/average_l0_9/params.npz")));
  }

  private static JsonNode json(Path file) throws IOException {
    return new JsonMapper().readTree(Files.readString(file));
  }
}
