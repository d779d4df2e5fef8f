package dev.tapscope.cli;

import dev.tapscope.live.KeptRows;
import dev.tapscope.live.LiveRows;
import dev.tapscope.store.Asked;
import dev.tapscope.tap.TapscopeException;
import dev.tapscope.train.Checkpoint;
import dev.tapscope.train.FirstDensity;
import dev.tapscope.train.Plan;
import dev.tapscope.train.TrainingMemory;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/**
 * Training on the rows of a model that runs meanwhile. All that starts the model again is kept with
 * the plan.
 *
 * @param asked what decides the rows
 * @param corpus its files, by absolute paths
 */
record LiveTraining(Asked asked, List<Path> corpus) {
  private static final String ASKED = "live";
  private static final String CORPUS = "corpus";
  private static final JsonMapper JSON = new JsonMapper();

  /** As asked for by flags. */
  static LiveTraining of(Plan plan, ReadingFlags flags, Places places) {
    flags.check();
    HarvestedModel model = flags.model(places);
    Corpus corpus = flags.corpus();
    return new LiveTraining(
        flags.asked(String.join("+", addresses(plan)), "f32", model, corpus),
        corpus.paths().stream().map(file -> file.toAbsolutePath().normalize()).toList());
  }

  /** As kept with a plan; empty for a training from a store. */
  static Optional<LiveTraining> of(Plan plan) {
    Map<String, String> origin = plan.origin();
    if (!origin.containsKey(ASKED)) {
      return Optional.empty();
    }
    try {
      List<String> paths =
          JSON.readValue(origin.getOrDefault(CORPUS, ""), new TypeReference<List<String>>() {});
      return Optional.of(
          new LiveTraining(Asked.ofJson(origin.get(ASKED)), paths.stream().map(Path::of).toList()));
    } catch (JacksonException | IllegalArgumentException e) {
      throw TapscopeException.failed(
          "checkpoint-unreadable",
          "The checkpoint does not say which model its rows come from: %s. Begin anew with --out."
              .formatted(e.getMessage()),
          e);
    }
  }

  /** What a plan keeps of it. */
  Map<String, String> origin() {
    return Map.of(
        ASKED,
        asked.toJson(),
        CORPUS,
        JSON.writeValueAsString(corpus.stream().map(Path::toString).toList()));
  }

  private static Set<String> addresses(Plan plan) {
    Set<String> addresses = new LinkedHashSet<>();
    for (String site : plan.sites()) {
      addresses.add(LiveRows.input(site));
      addresses.add(LiveRows.output(site));
    }
    return addresses;
  }

  /**
   * Starts the model, and takes the memory for a buffer.
   *
   * @param checkpoint where training goes on from one
   * @throws TapscopeException {@code live-other} when the model or the corpus is another than at
   *     the beginning, {@code memory} or {@code device-memory}, or what the model fails with
   */
  TrainingRows open(
      Plan plan,
      DeviceMaker wanted,
      Optional<Checkpoint> checkpoint,
      Places places,
      JavaMemory java,
      Screen screen) {
    HarvestedModel command = HarvestedModel.of(asked.command(), places);
    command.tellSilent(screen);
    Corpus documents = Corpus.of(corpus);
    Asked now = asked.of(command.files(), documents.files());
    now.difference(asked)
        .ifPresent(difference -> {
          throw TapscopeException.failed(
              "live-other",
              "The rows would be others than those the training began with: %s. Resume in the same folder, with the model and the corpus as they were, or begin anew with --out."
                  .formatted(difference));
        });
    LeftOut leftOut = LeftOut.of(command, asked.keep(), asked.leaveOut());
    TappedModel model = new TappedModel(command, documents, asked, places, screen);
    KeptRows rows = new KeptRows(model, addresses(plan), leftOut.kept());
    try {
      String place =
          checkpoint.map(c -> c.places().values().iterator().next()).orElse("the beginning");
      SortedMap<String, Integer> widths = rows.widths(LiveRows.pieceOf(place));
      screen.say(
          "%,d documents in %,d pieces of %,d, run while they are trained on; sites %s; %s"
              .formatted(
                  documents.documents(),
                  asked.pieces(),
                  asked.documentsPerPiece(),
                  widths,
                  leftOut.sentence(leftOut.ids())));
      int buffer = plan.course().buffer();
      DeviceMaker maker = TrainingRows.fitting(plan, wanted, widths::get);
      TrainingMemory memory =
          TrainingRows.memory(plan, maker, widths::get, recipe -> FirstDensity.HALF)
              .and(
                  TrainingMemory.ofRows(
                      LiveRows.bytes(widths.values(), buffer), 0, 0, plan.course().batch()));
      memory.check(java.direct(), java.heap());
      LiveRows live = new LiveRows(rows, widths, plan.sites(), plan.course().seed(), buffer);
      return new TrainingRows(live.sources(), memory, maker, Optional.empty(), model::stop);
    } catch (RuntimeException | Error e) {
      rows.close();
      throw e;
    }
  }
}
