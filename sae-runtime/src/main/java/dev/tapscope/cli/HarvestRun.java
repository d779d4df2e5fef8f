package dev.tapscope.cli;

import dev.tapscope.io.Safetensors;
import dev.tapscope.recording.RunStream;
import dev.tapscope.store.Found;
import dev.tapscope.store.HashedFile;
import dev.tapscope.tap.TapscopeException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.LongStream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A run of the model on some documents, as its run folder tells it.
 *
 * @param folder the run folder
 * @param description its {@code run.json}
 * @param output what the command printed
 */
record HarvestRun(Path folder, JsonNode description, String output) {
  static HarvestRun of(Path folder, String output) {
    return new HarvestRun(folder, RunStream.description(folder), output);
  }

  /**
   * What is the same for all runs of a harvest.
   *
   * @param leftOut tokens whose rows are left out but for BOS, which the profile names
   */
  Found found(LeftOut leftOut) {
    SortedMap<String, List<Integer>> all = new TreeMap<>(leftOut.ids());
    try (Arena arena = Arena.ofConfined()) {
      RunStream stream = RunStream.open(folder, arena);
      String bos = stream.metadata("bos").orElse("");
      if (!leftOut.keepBos() && !bos.isEmpty()) {
        all.put("bos", List.of(Integer.parseInt(bos)));
      }
      return found(all, widths(stream.shards()));
    }
  }

  private Found found(SortedMap<String, List<Integer>> leftOut, SortedMap<String, Integer> widths) {
    return new Found(
        description.path("tapscope").asString(""),
        description.path("java").path("version").asString("")
            + " "
            + description.path("java").path("vendor").asString(""),
        new Found.ProfileFound(
            description.path("profile").path("name").asString(""),
            description.path("profile").path("sha256").asString("")),
        code(),
        widths,
        leftOut);
  }

  private List<HashedFile> code() {
    List<HashedFile> files = new ArrayList<>();
    for (JsonNode entry : description.path("model").path("class_path")) {
      if (entry.has("bytes")) {
        files.add(
            new HashedFile(
                Path.of(entry.path("path").asString("")).getFileName().toString(),
                entry.path("bytes").longValue(),
                entry.path("sha256").asString("")));
      }
    }
    return files;
  }

  private SortedMap<String, Integer> widths(List<Safetensors> shards) {
    SortedMap<String, Integer> widths = new TreeMap<>();
    for (String address : RunStream.sites(folder)) {
      int width =
          shards.stream()
              .flatMap(shard -> shard.find(address).stream())
              .filter(tensor -> tensor.shape().rank() == 2)
              .mapToInt(tensor -> Math.toIntExact(tensor.rowWidth()))
              .findFirst()
              .orElseThrow(() ->
                  TapscopeException.failed(
                      "site-ragged",
                      "The site %s has no row of a fixed width for each position, so a store cannot hold it. Leave it out of --capture."
                          .formatted(address)));
      widths.put(address, width);
    }
    return widths;
  }

  long positions() {
    return description.path("positions").asLong(0);
  }

  /**
   * Which document of the corpus each sequence of the run belongs to. They are the same where the
   * model has computed each document in one go; where it took several windows to some, its output
   * may say how many, as that of {@code gemma2 score --json} does.
   *
   * @param first number of the run's first document
   * @throws TapscopeException {@code documents-untold}
   */
  long[] documents(long first, int count) {
    int sequences = description.path("sequences").asInt(-1);
    if (sequences == count) {
      return LongStream.range(first, first + count).toArray();
    }
    long[] windows = windows();
    if (windows.length == count && LongStream.of(windows).sum() == sequences) {
      return LongStream.range(0, count)
          .flatMap(d -> LongStream.generate(() -> first + d).limit(windows[(int) d]))
          .toArray();
    }
    throw TapscopeException.failed(
        "documents-untold",
        "The model began %d texts for %d documents, so it cannot be told which row is of which. Have it compute every document, and each in one go: shorter documents, or a command that takes longer ones."
            .formatted(sequences, count));
  }

  private long[] windows() {
    try {
      List<Long> windows = new ArrayList<>();
      new JsonMapper()
          .readTree(output)
          .path("results")
          .forEach(result -> windows.add(Math.max(0, result.path("windows").asLong(0))));
      return windows.stream().mapToLong(Long::longValue).toArray();
    } catch (JacksonException e) {
      return new long[0]; // not everything a model prints is JSON
    }
  }
}
