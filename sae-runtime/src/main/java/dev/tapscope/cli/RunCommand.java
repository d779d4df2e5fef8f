package dev.tapscope.cli;

import dev.tapscope.recording.RecordedRun;
import dev.tapscope.tap.TapscopeException;
import dev.tapscope.view.TokenView;
import dev.tapscope.view.ViewOptions;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tapscope run}: a model with taps, SAEs and edits, and the view of what it recorded. */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    header = {
      "Run a model with the agent attached and show what fires.",
      "",
      "  tapscope run --model MODEL --sae \"l9=res.3 PATH\" --prompt \"The City of Light is\" -n"
          + " 16",
      "  tapscope run --sae \"l9=res.3 PATH\" --edit \"steer l9/76 1.25x @prompt\" --html run.html"
          + " \\",
      "               -- java -jar model.jar --prompt \"The capital of Spain is\"",
      "  tapscope run --capture \"res.*+att.0\" --out run1 -- my-model.sh",
      ""
    })
final class RunCommand implements Callable<Integer> {
  @Mixin private ModelFlags model;
  @Mixin private InterventionFlags interventions;
  @Mixin private ViewFlags view;

  @Option(
      names = "--capture",
      paramLabel = "SITES",
      description = "Addresses to record, joined by +: res.*+att.0")
  private Optional<String> capture = Optional.empty();

  @Option(names = "--out", paramLabel = "DIR", description = "Keep the run folder here.")
  private Optional<Path> out = Optional.empty();

  @Option(names = "--overwrite", description = "Replace a run folder that is already there.")
  private boolean overwrite;

  private final Screen screen;
  private final Places places;

  RunCommand(Screen screen, Places places) {
    this.screen = screen;
    this.places = places;
  }

  @Override
  public Integer call() {
    if (capture.isEmpty() && interventions.saes().isEmpty() && interventions.edits().isEmpty()) {
      throw TapscopeException.usage(
          "nothing-asked",
          "There is nothing to look at. Add --sae \"NAME=ADDRESS PATH\" to see features,"
              + " --capture SITES to record activations, or --edit EDIT to change them.");
    }
    List<String> command = model.command(places);
    view.page().ifPresent(PageFile::requireWritable);
    try (RunPlace place = out.map(RunPlace::named).orElseGet(RunPlace::temporary)) {
      AgentOptions options = new AgentOptions().set("profile", model.profile());
      capture.ifPresent(sites -> options.set("capture", sites));
      options
          .saes(interventions.saes())
          .edits(interventions.edits())
          .set("out", place.folder().toString());
      interventions.device().passTo(options);
      if (overwrite) {
        options.set("out.overwrite", "true");
      }
      OutputStream echo = view.json() ? screen.err() : screen.out();
      new TappedProcess(places, screen).run(command, options, echo);
      if (!view.json()) {
        screen.out().println();
      }
      RecordedRun run = RecordedRun.open(place.folder());
      ViewOptions shown =
          new ViewOptions(view.top(), view.all(), Optional.empty(), Optional.empty());
      Function<ViewOptions, TokenView> views = o -> RunScreen.of(run, model.title(), o);
      view.print(views.apply(shown), screen);
      view.page().ifPresent(page -> write(page, views, shown, place));
      screen.say(
          place.kept()
              ? "kept " + place.folder() + "; \"tapscope show\" shows it again"
              : "the run folder was not kept; --out DIR keeps it");
    }
    return 0;
  }

  /** A page that cannot be written does not cost the run. */
  private void write(
      PageFile page, Function<ViewOptions, TokenView> views, ViewOptions shown, RunPlace place) {
    try {
      page.write(views, shown, screen);
    } catch (TapscopeException e) {
      place.keep();
      screen.say(
          "kept %s; \"tapscope show %<s --html FILE\" makes the page".formatted(place.folder()));
      throw e;
    }
  }
}
