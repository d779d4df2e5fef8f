package dev.tapscope.recording;

import dev.tapscope.io.Safetensors;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A run folder, read back: every shard under its final name, checked against the format tag.
 * Immutable.
 *
 * @param folder where it lies
 * @param document {@code run.json}, or an empty object when it is missing
 * @param tokens every computed position, by sequence and position
 * @param features what each SAE said, a row a token
 * @param droppedRows feature rows of a run that did not end well whose tokens had not been written;
 *     they are left out
 */
public record RecordedRun(
    Path folder,
    JsonNode document,
    List<RecordedToken> tokens,
    List<FeatureTable> features,
    int droppedRows) {
  static final String FORMAT = "tapscope-run/1";

  private static final JsonMapper MAPPER = new JsonMapper();

  public RecordedRun {
    tokens = List.copyOf(tokens);
    features = List.copyOf(features);
  }

  /**
   * Reads a run folder.
   *
   * @throws TapscopeException {@code run-missing}, {@code run-format}, {@code run-corrupt} or
   *     {@code run-incomplete}, or what a damaged shard gives
   */
  public static RecordedRun open(Path folder) {
    List<Path> shards = shards(folder, "activations-");
    JsonNode document = document(folder, shards);
    List<Safetensors> activations = shards.stream().map(RecordedRun::shard).toList();
    List<Safetensors> features =
        shards(folder, "features-").stream().map(RecordedRun::shard).toList();
    if (activations.stream().noneMatch(shard -> shard.find("tokens").isPresent())) {
      throw TapscopeException.failed(
          "run-incomplete",
          "The run folder "
              + folder
              + " holds no tokens: no closed activations shard has the tensor tokens. The run was"
              + " stopped before its first shard was closed, or the model computed nothing; run it"
              + " again.");
    }
    TokenTexts texts = TokenTexts.of(document, folder.resolve("features.jsonl"), MAPPER);
    List<RecordedToken> tokens = TokenReader.read(activations, texts);
    FeatureReader reader = new FeatureReader(tokens, !complete(document));
    features.forEach(reader::read);
    return new RecordedRun(folder, document, tokens, reader.tables(), reader.dropped());
  }

  /** Whether the run ended as it should; otherwise it holds what had been written by then. */
  public boolean complete() {
    return complete(document);
  }

  private static boolean complete(JsonNode document) {
    return state(document).equals("complete");
  }

  /**
   * How the run ended: {@code complete}, {@code failed}, {@code interrupted}, or {@code running}
   * when it was killed or has not ended yet.
   */
  public String state() {
    return state(document);
  }

  private static String state(JsonNode document) {
    return document.path("state").asString("running");
  }

  static JsonNode document(Path folder, List<Path> shards) {
    Path file = folder.resolve("run.json");
    if (!Files.isRegularFile(file)) {
      if (!shards.isEmpty()) {
        return MAPPER.createObjectNode(); // killed: what was closed before is still good
      }
      throw TapscopeException.failed(
          "run-missing",
          folder
              + (Files.isDirectory(folder)
                  ? " is no run folder: it has neither run.json nor shards."
                  : " does not exist.")
              + " Give the folder that a run wrote, the one named by --out or the agent's out=.");
    }
    JsonNode document;
    try {
      document = MAPPER.readTree(Files.readString(file));
    } catch (IOException | JacksonException e) {
      throw TapscopeException.failed(
          "run-corrupt",
          file + " cannot be read as JSON: " + e.getMessage() + ". The run must be made again.",
          e);
    }
    requireFormat(file, document.path("format").asString("none"));
    return document;
  }

  static Safetensors shard(Path path) {
    return shard(path, Arena.ofAuto());
  }

  static Safetensors shard(Path path, Arena arena) {
    Safetensors shard = Safetensors.open(path, arena);
    requireFormat(path, shard.metadata().getOrDefault("format", "none"));
    return shard;
  }

  private static void requireFormat(Path file, String found) {
    if (!found.equals(FORMAT)) {
      throw TapscopeException.failed(
          "run-format",
          file
              + " states the format "
              + found
              + "; this version reads "
              + FORMAT
              + ". Read it with the version that wrote it, or run again.");
    }
  }

  /** Shards by number; names that are not final, such as {@code .tmp}, are left alone. */
  static List<Path> shards(Path folder, String kind) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(path -> path.getFileName().toString().matches(kind + "\\d+\\.safetensors"))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw TapscopeException.failed(
          "run-unreadable",
          "The run folder " + folder + " cannot be listed: " + e.getMessage() + ".",
          e);
    }
  }
}
