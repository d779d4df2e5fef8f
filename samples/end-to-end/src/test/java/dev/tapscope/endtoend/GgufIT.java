package dev.tapscope.endtoend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.fixtures.SafetensorsFile;
import gemma2.testing.GgufModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The packaged {@code tapscope} on a GGUF file of the tiny model's weights, as they are stored. The
 * context is shorter, so that a short text takes several windows.
 */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the command is a shell script")
class GgufIT {
  private static final int CONTEXT = 8;
  private static final int TURN_END = 6;

  private static Path folder;
  private static Path gguf;

  @BeforeAll
  static void write() throws IOException {
    folder = Packaged.tinyGemma2("gguf-folder", CONTEXT);
    gguf = Packaged.workFolder("gguf").resolve("tiny.gguf");
    GgufModel.of(folder).write(gguf);
  }

  @Test
  void runKeepsTheBitsOfTheFolder() throws IOException {
    Path fromFolder = run(folder);
    Path fromFile = run(gguf);
    String shard = "activations-00000.safetensors";
    SafetensorsFile wanted = SafetensorsFile.read(fromFolder.resolve(shard));
    SafetensorsFile kept = SafetensorsFile.read(fromFile.resolve(shard));
    assertTrue(kept.has("res.5") && kept.has("tokens"), kept.names()::toString);
    assertEquals(wanted.names(), kept.names());
    assertEquals(wanted.metadata(), kept.metadata());
    for (String name : wanted.names()) {
      assertArrayEquals(wanted.tensor(name).values(), kept.tensor(name).values(), name);
    }
    JsonNode model = json(fromFile.resolve("run.json")).at("/model/folders/0");
    assertEquals(gguf.toString(), model.get("path").stringValue());
    assertEquals(Files.size(gguf), model.at("/weights/0/bytes").longValue());
    assertEquals(64, model.at("/weights/0/sha256").stringValue().length());
  }

  private static Path run(Path model) {
    Path run = Packaged.workFolder("gguf-run").resolve("run");
    tapscope("run", model)
        .with("--prompt", "The City of Light is", "-n", "1")
        .with("--capture", "res.*", "--out", run.toString())
        .brief()
        .run(Packaged.command())
        .ok();
    return run;
  }

  /** One document is longer than the context; the ends of a text and of a turn are in another. */
  @Test
  void harvestKeepsTheRowsOfTheFolder() throws IOException {
    Path corpus = Packaged.workFolder("gguf-corpus").resolve("corpus.jsonl");
    List<Integer> ends = List.of(2, 100, 101, TURN_END, 102, 0, 103, 1);
    String words = "Paris is the capital of France. ".repeat(2);
    Files.write(
        corpus, List.of("{\"ids\": %s}".formatted(ends), "{\"text\": \"%s\"}".formatted(words)));
    Path fromFolder = harvest(folder, corpus);
    Path fromFile = harvest(gguf, corpus);
    SafetensorsFile piece = SafetensorsFile.read(fromFile.resolve("piece-00000.safetensors"));
    int[] ids = piece.tensor("ids").ints();
    assertArrayEquals(new int[] {100, 101, TURN_END, 102, 103}, Arrays.copyOf(ids, 5));
    assertTrue(ids.length > 5 + CONTEXT, "the second document takes more than one window");
    assertArrayEquals(
        Files.readAllBytes(fromFolder.resolve("piece-00000.safetensors")),
        Files.readAllBytes(fromFile.resolve("piece-00000.safetensors")));
    JsonNode manifest = json(fromFile.resolve("store.json"));
    assertEquals(json(fromFolder.resolve("store.json")).get("found"), manifest.get("found"));
    JsonNode files = manifest.at("/asked/model");
    assertEquals("tiny.gguf", files.get(files.size() - 1).get("file").stringValue());
  }

  private static Path harvest(Path model, Path corpus) {
    Path store = Packaged.workFolder("gguf-harvest").resolve("store");
    tapscope("harvest", model)
        .with("--capture", "res.3", "--corpus", corpus.toString(), "--out", store.toString())
        .brief()
        .run(Packaged.command())
        .ok();
    return store;
  }

  private static JvmRun tapscope(String command, Path model) {
    return new JvmRun(List.of(), List.of(command, "--model", model.toString()));
  }

  private static JsonNode json(Path file) {
    return new JsonMapper().readTree(file);
  }
}
