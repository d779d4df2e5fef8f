package dev.tapscope.cli;

import dev.tapscope.tap.TapscopeException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tapscope steer}: the same prompt with and without a feature turned up. */
@Command(
    name = "steer",
    mixinStandardHelpOptions = true,
    header = {
      "Add a feature to the activations and compare what the model says.",
      "",
      "  tapscope steer --model DIR --sae \"l9=res.3 PATH\" --feature \"l9/76=1.25x@prompt\" \\",
      "                 --prompt \"The capital of Spain is\" -n 40 --check --control 20",
      "  tapscope steer --sae \"l9=res.3 PATH\" --feature l9/76=40 -- java -jar model.jar ...",
      ""
    })
final class SteerCommand implements Callable<Integer> {
  @Mixin private EditFlags flags;

  @Option(
      names = "--control",
      paramLabel = "N",
      defaultValue = "0",
      description =
          "Steer N other random features by the same strength, too, and count how many give the"
              + " same first token.")
  private int control;

  private final Screen screen;
  private final Places places;

  SteerCommand(Screen screen, Places places) {
    this.screen = screen;
    this.places = places;
  }

  @Override
  public Integer call() {
    List<String> edits = flags.features().stream().map(this::edit).toList();
    Comparison comparison =
        Comparison.of(
            "steered",
            flags,
            edits,
            Math.max(0, control),
            new TappedProcess(places, screen),
            places,
            screen);
    return comparison.print(flags, screen.out()) ? 0 : TapscopeException.CHECK;
  }

  private String edit(FeatureEdit feature) {
    String strength =
        feature
            .value()
            .orElseThrow(() ->
                TapscopeException.usage(
                    "strength-missing",
                    "The feature "
                        + feature.feature()
                        + " has no strength. Write "
                        + feature.feature()
                        + "=1x for its maximum in the statistics, or a number in the site's"
                        + " units."));
    return feature.steer(strength, flags.scope());
  }
}
