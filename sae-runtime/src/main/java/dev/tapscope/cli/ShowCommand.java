package dev.tapscope.cli;

import dev.tapscope.recording.RecordedRun;
import dev.tapscope.tap.TapscopeException;
import dev.tapscope.view.TokenView;
import dev.tapscope.view.ViewOptions;
import dev.tapscope.view.ViewOptions.FeatureName;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tapscope show}: the view of a run folder. */
@Command(
    name = "show",
    mixinStandardHelpOptions = true,
    header = {
      "Show the tokens and features of a run.",
      "",
      "  tapscope show run1",
      "  tapscope show run1 --feature l9/76 --html run1.html",
      "  tapscope show run1 --json | jq '.saes[0].features[0]'",
      ""
    })
final class ShowCommand implements Callable<Integer> {
  @Parameters(paramLabel = "RUN", description = "The run folder.")
  private Path folder;

  @Option(names = "--sae", paramLabel = "NAME", description = "Show this SAE alone.")
  private Optional<String> sae = Optional.empty();

  @Option(
      names = "--feature",
      paramLabel = "NAME/INDEX",
      converter = FeatureEdit.Converter.class,
      description = "Colour the tokens by this feature.")
  private Optional<FeatureEdit> feature = Optional.empty();

  @Mixin private ViewFlags view;

  private final Screen screen;

  ShowCommand(Screen screen) {
    this.screen = screen;
  }

  @Override
  public Integer call() {
    feature
        .filter(f -> f.value().isPresent() || f.scope().isPresent())
        .ifPresent(f -> {
          throw TapscopeException.usage(
              "feature-strength",
              "show changes nothing, so --feature takes no strength and no scope here. Write"
                  + " --feature "
                  + f.feature()
                  + ", or use tapscope steer.");
        });
    RecordedRun run = RecordedRun.open(folder);
    ViewOptions options =
        new ViewOptions(
            view.top(), view.all(), sae, feature.map(f -> new FeatureName(f.sae(), f.index())));
    Function<ViewOptions, TokenView> views = o -> RunScreen.of(run, RunScreen.title(run), o);
    view.print(views.apply(options), screen);
    view.page().ifPresent(page -> page.write(views, options, screen));
    return 0;
  }
}
