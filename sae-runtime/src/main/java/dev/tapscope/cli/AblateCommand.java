package dev.tapscope.cli;

import dev.tapscope.edit.Edit;
import dev.tapscope.tap.TapscopeException;
import picocli.CommandLine.Command;

/** {@code tapscope ablate}: the same prompt with and without a feature's contribution. */
@Command(
    name = "ablate",
    mixinStandardHelpOptions = true,
    header = {
      "Take a feature's contribution away and compare what the model says.",
      "",
      "  tapscope ablate --model MODEL --sae \"l9=res.3 PATH\" --feature l9/76 \\",
      "                  --prompt \"The City of Light is\" -n 20",
      "  tapscope ablate --model MODEL --edit \"mean mlp.4 RUN\" --prompt \"The City of Light is\"",
      ""
    })
final class AblateCommand extends ComparingCommand {
  AblateCommand(Screen screen, Places places) {
    super("ablated", screen, places);
  }

  @Override
  Edit edit(FeatureEdit feature, EditFlags flags) {
    if (feature.value().isPresent()) {
      throw TapscopeException.usage(
          "strength-unwanted",
          "Ablation takes all of a feature away and needs no strength. Write --feature "
              + feature.feature()
              + ", or use tapscope steer.");
    }
    return feature.ablate(flags.scope());
  }
}
