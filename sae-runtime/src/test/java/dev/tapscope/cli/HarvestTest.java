package dev.tapscope.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.recording.RunFiles;
import dev.tapscope.store.ActivationStore;
import dev.tapscope.store.Asked;
import dev.tapscope.store.Share;
import dev.tapscope.store.StoreCheck;
import dev.tapscope.tap.TapscopeException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * A harvest whose model is a script: where the agent would write a run folder it copies one that
 * lies ready. Two documents are a piece.
 */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the model is a shell script")
class HarvestTest {
  private static final long PLENTY = 1L << 40;

  @TempDir private Path folder;

  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private Path model;
  private Corpus corpus;
  private Places places;

  @BeforeEach
  void prepare() throws IOException {
    Path agent = Files.createFile(folder.resolve("agent.jar"));
    places = new Places(agent, folder.resolve("none.jar"), folder.resolve("none.jar"));
    model = Files.createDirectory(folder.resolve("model"));
    Files.writeString(model.resolve("config.json"), "{\"eos_token_id\": 12}");
    Files.writeString(
        model.resolve("run.sh"),
        """
        options=${JAVA_TOOL_OPTIONS##*=@}
        run=$(sed -n 's/^out=//p' "${options%?}")
        echo "computing" >&2
        if grep -q poison "$1"; then
          echo "cannot compute poison" >&2
          exit 3
        fi
        cp -r "$0.$(wc -l <"$1" | tr -d ' ')" "$run"
        cat "$run/output"
        """);
    // The eight documents that are tried are all five here.
    for (int documents : new int[] {1, 2, 5}) {
      writeRun(documents, documents, "");
    }
    corpus = corpus("a", "b", "c", "d", "e");
  }

  private Corpus corpus(String... documents) throws IOException {
    Path file = folder.resolve("corpus.txt");
    Files.write(file, List.of(documents));
    return Corpus.of(List.of(file));
  }

  /** What the model computes: each sequence is BOS and the tokens 10 and 12. */
  private void writeRun(int documents, int sequences, String output) throws IOException {
    Path run = Files.createDirectories(model.resolve("run.sh." + documents));
    int[] tokens = new int[3 * sequences];
    long[] places = new long[6 * sequences];
    long[] rows = new long[9 * sequences];
    float[] values = new float[6 * sequences];
    for (int i = 0; i < tokens.length; i++) {
      tokens[i] = List.of(2, 10, 12).get(i % 3);
      places[2 * i] = i / 3;
      places[2 * i + 1] = i % 3;
      rows[3 * i] = i / 3;
      rows[3 * i + 1] = i % 3;
      values[2 * i] = i;
    }
    RunFiles.shard()
        .ints("tokens", tokens)
        .longs("tokens.rows", 2, places)
        .bytes("tokens.generated", new int[tokens.length])
        .floats("res.3", 2, values)
        .longs("res.3.rows", 3, rows)
        .writeTo(run.resolve("activations-00000.safetensors"));
    Files.writeString(
        run.resolve("run.json"),
        """
        {"format": "tapscope-run/1", "state": "complete", "tapscope": "1",
         "java": {"version": "25", "vendor": "x"},
         "profile": {"name": "gemma2", "sha256": "ab"}, "sequences": %d, "positions": %d,
         "model": {"class_path": [{"path": "/m/model.jar", "bytes": 7, "sha256": "cd"}]},
         "sites": [{"address": "res.3"}]}
        """
            .formatted(sequences, 3 * sequences));
    Files.writeString(run.resolve("output"), output);
  }

  private Harvest.Done harvest(FreeSpace free, String... keep) {
    HarvestedModel command =
        HarvestedModel.of(
            List.of("sh", model.resolve("run.sh").toString(), "{corpus}", "--model=" + model),
            places);
    Asked asked =
        new Asked(
            "res.3",
            "f32",
            "gemma2",
            command.command(),
            command.files(),
            corpus.files(),
            2,
            List.of(keep),
            List.of());
    Screen screen = Screens.of(out, err);
    return new Harvest(command, corpus, asked, Share.WHOLE, places, screen).into(store(), free);
  }

  private Path store() {
    return folder.resolve("store");
  }

  private String said() {
    return err.toString(StandardCharsets.UTF_8);
  }

  @Test
  void leavesOutWhatTheProfileAndTheModelFolderName() {
    Harvest.Done done = harvest(folder -> PLENTY);
    assertEquals(15, done.positions());
    assertEquals(Map.of("bos", List.of(2), "eos", List.of(12)), done.found().leftOut());
    assertTrue(
        said().contains("no config.json or GGUF file that the command names tells pad"), said());
    assertFalse(said().contains("computing"), "the model's own words are for when it fails");
    assertEquals(5, ActivationStore.open(store()).rows());
    assertEquals(new StoreCheck(3, 5, List.of()), StoreCheck.of(store()));
    assertEquals(0, harvest(folder -> PLENTY).positions(), "nothing is missing");
  }

  @Test
  void keepsWhatIsAskedFor() {
    harvest(folder -> PLENTY, "bos", "eos");
    assertEquals(15, ActivationStore.open(store()).rows());
  }

  /** 15 positions of 28 bytes are 420 bytes, and 1.25 pieces of 140 more while one is made. */
  @Test
  void refusesADiskThatIsTooSmallBeforeAPieceIsMade() {
    String sentence = refused("disk-estimate", 1, folder -> 594);
    assertTrue(sentence.contains("595 bytes"), sentence);
    assertTrue(said().contains("about 15 positions at 28 bytes: 420 bytes for 3 pieces"), said());
    int[] asked = {0};
    assertEquals(15, harvest(folder -> asked[0]++ < 2 ? 596 : PLENTY).positions());
  }

  @Test
  void stopsBeforeTheDiskIsFullAndGoesOnLater() {
    long[] free = {PLENTY, PLENTY, 100};
    int[] asked = {0};
    String sentence =
        refused("disk-full", 1, folder -> free[Math.min(asked[0]++, free.length - 1)]);
    assertTrue(sentence.contains("100 bytes left"), sentence);
    assertEquals(9, harvest(folder -> PLENTY).positions(), "the first piece was kept");
    assertEquals(new StoreCheck(3, 5, List.of()), StoreCheck.of(store()));
  }

  @Test
  void aModelThatFailsCostsItsPieceAlone() throws IOException {
    corpus = corpus("a", "b", "c", "d", "e", "f", "g", "h", "i", "poison", "k");
    writeRun(8, 8, "");
    String sentence = refused("harvest-stopped", 3, folder -> PLENTY);
    assertTrue(sentence.startsWith("Piece 4, documents 8 to 9 of the corpus,"), sentence);
    assertTrue(sentence.contains("exit code 3"), sentence);
    assertTrue(said().contains("cannot compute poison"), said());
    try (Stream<Path> files = Files.list(store())) {
      assertEquals(
          List.of(
              ".lock",
              "piece-00000.safetensors",
              "piece-00001.safetensors",
              "piece-00002.safetensors",
              "piece-00003.safetensors",
              "store.json"),
          files.map(f -> f.getFileName().toString()).sorted().toList());
    }
  }

  @Test
  void longDocumentsTakeSeveralWindows() throws IOException {
    writeRun(2, 3, "{\"results\": [{\"windows\": 2}, {\"windows\": 1}]}");
    harvest(folder -> PLENTY);
    assertEquals(new StoreCheck(3, 7, List.of()), StoreCheck.of(store()));
    HarvestRun run =
        HarvestRun.of(
            model.resolve("run.sh.2"), "{\"results\": [{\"windows\": 2}, {\"windows\": 1}]}");
    assertArrayEquals(new long[] {40, 40, 41}, run.documents(40, 2));
  }

  @Test
  void doesNotGuessWhichDocumentARowIsOf() throws IOException {
    writeRun(2, 3, "{\"results\": [{\"windows\": 2}, {\"windows\": 2}]}");
    String sentence = refused("documents-untold", 1, folder -> PLENTY);
    assertTrue(sentence.contains("3 texts for 2 documents"), sentence);
    writeRun(2, 3, "no JSON");
    refused("documents-untold", 1, folder -> PLENTY);
  }

  @Test
  void anotherModelFolderIsAnotherStore() throws IOException {
    harvest(folder -> PLENTY);
    Files.writeString(model.resolve("model.safetensors"), "other weights");
    String sentence = refused("store-other", 1, folder -> PLENTY);
    assertTrue(sentence.contains("model is"), sentence);
  }

  private String refused(String id, int exit, FreeSpace free) {
    TapscopeException e = assertThrows(TapscopeException.class, () -> harvest(free));
    assertEquals(id, e.id(), e.getMessage());
    assertEquals(exit, e.exit());
    return e.getMessage();
  }
}
