package dev.tapscope.cli;

import dev.tapscope.recording.RecordedRun;
import dev.tapscope.sae.SaeFolder;
import dev.tapscope.tap.TapscopeException;
import dev.tapscope.view.SaeFacts;
import dev.tapscope.view.TokenView;
import dev.tapscope.view.ViewBuilder;
import dev.tapscope.view.ViewOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.StreamSupport;
import tools.jackson.databind.JsonNode;

/** The screen of a run folder: what it recorded, with statistics and labels from beside its SAEs. */
final class RunScreen {
  private RunScreen() {}

  static TokenView of(RecordedRun run, String title, ViewOptions options) {
    List<String> notes = new ArrayList<>();
    if (run.interrupted()) {
      notes.add("The run was interrupted; this is what it had written by then.");
    }
    Map<String, SaeFacts> facts = new HashMap<>();
    for (JsonNode sae : run.document().path("saes")) {
      facts.put(sae.path("name").asString(""), facts(sae, notes));
    }
    Ledger.of(run.document()).ifPresent(ledger -> notes.add(ledger.sentence()));
    return ViewBuilder.build(
        title, run.tokens(), run.features(), facts, edits(run.document()), notes, options);
  }

  /** The heading of a run that is shown again: the model it names, else the folder. */
  static String title(RecordedRun run) {
    return "run " + run.folder().toAbsolutePath().normalize().getFileName();
  }

  private static List<TokenView.Edit> edits(JsonNode document) {
    return StreamSupport.stream(document.path("edits").spliterator(), false)
        .map(
            edit ->
                new TokenView.Edit(
                    edit.path("edit").asString(""), edit.path("formula").asString("")))
        .toList();
  }

  private static SaeFacts facts(JsonNode sae, List<String> notes) {
    String address = sae.path("address").asString("site not recorded");
    JsonNode error = sae.path("relative_error");
    OptionalDouble relativeError =
        error.isNumber() ? OptionalDouble.of(error.doubleValue()) : OptionalDouble.empty();
    try {
      SaeFolder folder = SaeFolder.open(Path.of(sae.path("path").asString("")));
      return new SaeFacts(
          address,
          folder.sae().features(),
          folder.stats(),
          folder.labels().all(),
          relativeError);
    } catch (TapscopeException gone) {
      notes.add(
          "Statistics and labels of "
              + sae.path("name").asString("")
              + " are not shown, because its SAE cannot be read any more: "
              + gone.getMessage());
      return new SaeFacts(
          address,
          sae.path("features").asInt(0),
          java.util.Optional.empty(),
          Map.of(),
          relativeError);
    }
  }
}
