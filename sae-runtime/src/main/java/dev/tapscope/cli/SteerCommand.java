package dev.tapscope.cli;

import dev.tapscope.edit.Edit;
import dev.tapscope.tap.TapscopeException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code tapscope steer}: the same prompt with and without a feature turned up. */
@Command(
    name = "steer",
    mixinStandardHelpOptions = true,
    header = {
      "Add a feature to the activations and compare what the model says.",
      "",
      "  tapscope steer --model MODEL --sae \"l9=res.3 PATH\" --feature \"l9/76=1.25x@prompt\" \\",
      "                 --prompt \"The capital of Spain is\" -n 40 --check --control 20",
      "  tapscope steer --sae \"l9=res.3 PATH\" --feature l9/76=40 -- java -jar model.jar ...",
      "  tapscope steer --model MODEL --edit \"patch res.4 @last from RUN#0@last\" \\",
      "                 --prompt \"The capital of Spain is\" --watch \" Paris\"",
      ""
    })
final class SteerCommand extends ComparingCommand {
  @Option(
      names = "--control",
      paramLabel = "N",
      defaultValue = "0",
      description =
          "Steer N other random features by the same strength, too, and count how many give the"
              + " same first token.")
  private int control;

  SteerCommand(Screen screen, Places places) {
    super("steered", screen, places);
  }

  @Override
  int controls() {
    return Math.max(0, control);
  }

  @Override
  Edit edit(FeatureEdit feature, EditFlags flags) {
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
