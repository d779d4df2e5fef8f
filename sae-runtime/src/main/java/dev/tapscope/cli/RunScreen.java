package dev.tapscope.cli;

import dev.tapscope.recording.RecordedRun;
import dev.tapscope.sae.Label;
import dev.tapscope.sae.Labels;
import dev.tapscope.sae.SaeStats;
import dev.tapscope.tap.TapscopeException;
import dev.tapscope.view.SaeFacts;
import dev.tapscope.view.TokenView;
import dev.tapscope.view.ViewBuilder;
import dev.tapscope.view.ViewOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.stream.StreamSupport;
import tools.jackson.databind.JsonNode;

/**
 * The screen of a run folder: what it recorded, with statistics and labels from beside its SAEs.
 */
final class RunScreen {
  private RunScreen() {}

  static TokenView of(RecordedRun run, String title, ViewOptions options) {
    List<String> notes = new ArrayList<>();
    if (!run.complete()) {
      notes.add(ending(run));
    }
    Map<String, SaeFacts> facts = new LinkedHashMap<>();
    for (JsonNode sae : run.document().path("saes")) {
      facts.put(sae.path("name").asString(""), facts(sae, notes));
    }
    Ledger.of(run.document()).ifPresent(ledger -> notes.add(ledger.sentence()));
    return ViewBuilder.build(
        title, run.tokens(), run.features(), facts, edits(run.document()), notes, options);
  }

  private static String ending(RecordedRun run) {
    String end =
        switch (run.state()) {
          case "interrupted" -> "was interrupted";
          case "failed" -> "failed" + problem(run.document());
          case "running" -> "was killed, or has not ended yet";
          default -> "ended in the state '" + run.state() + "', which this version does not know";
        };
    String dropped =
        run.droppedRows() == 0
            ? ""
            : " %,d rows of features are left out, because their tokens had not been written."
                .formatted(run.droppedRows());
    return "The run " + end + "; this is what it had written by then." + dropped;
  }

  private static String problem(JsonNode document) {
    String first = document.path("problems").path(0).path("sentence").asString("");
    return first.isEmpty() ? "" : " (" + first + ")";
  }

  /** The heading of a run that is shown again: profile and model where recorded, and the folder. */
  static String title(RecordedRun run) {
    List<String> words = new ArrayList<>();
    words.add(run.document().path("profile").path("name").asString(""));
    for (JsonNode model : run.document().path("model").path("folders")) {
      words.add(Path.of(model.path("path").asString("")).toAbsolutePath().getFileName().toString());
    }
    words.add("run " + run.folder().toAbsolutePath().normalize().getFileName());
    words.removeIf(String::isEmpty);
    return String.join(" · ", words);
  }

  private static List<TokenView.Edit> edits(JsonNode document) {
    return StreamSupport.stream(document.path("edits").spliterator(), false)
        .map(edit ->
            new TokenView.Edit(edit.path("edit").asString(""), edit.path("formula").asString("")))
        .toList();
  }

  private static SaeFacts facts(JsonNode sae, List<String> notes) {
    int features = sae.path("features").asInt(0);
    JsonNode error = sae.path("relative_error");
    Beside beside = new Beside(sae, features, notes);
    return new SaeFacts(
        sae.path("address").asString("site not recorded"),
        features,
        beside.stats(),
        beside.labels(),
        error.isNumber() ? OptionalDouble.of(error.doubleValue()) : OptionalDouble.empty());
  }

  /** The files beside an SAE, which may have changed or gone since the run. */
  private record Beside(JsonNode sae, int features, List<String> notes) {
    Optional<SaeStats> stats() {
      return read(
          SaeStats.FILE,
          file -> {
            SaeStats stats = SaeStats.read(file);
            String hash = sae.path("sha256").asString("");
            boolean same = stats.metadata().getOrDefault("sae_sha256", hash).equals(hash);
            if (stats.features() != features || !same) {
              throw TapscopeException.failed(
                  "stats-mismatch",
                  file
                      + " was measured on another SAE than the run's. Measure it anew with"
                      + " tapscope stats.");
            }
            return stats;
          });
    }

    Map<Integer, Label> labels() {
      return read(Labels.FILE, file -> Labels.read(file, features).all()).orElse(Map.of());
    }

    private <T> Optional<T> read(String name, Function<Path, T> reader) {
      Path path = Path.of(sae.path("path").asString("")).toAbsolutePath();
      Path file = (Files.isDirectory(path) ? path : path.getParent()).resolve(name);
      if (!Files.isRegularFile(file)) {
        return Optional.empty();
      }
      try {
        return Optional.of(reader.apply(file));
      } catch (TapscopeException unusable) {
        notes.add(unusable.getMessage());
        return Optional.empty();
      }
    }
  }
}
