package dev.tapscope.cli;

import dev.tapscope.tap.TapscopeException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code tapscope ablate}: the same prompt with and without a feature's contribution. */
@Command(
    name = "ablate",
    mixinStandardHelpOptions = true,
    header = {
      "Take a feature's contribution away and compare what the model says.",
      "",
      "  tapscope ablate --model DIR --sae \"l9=res.3 PATH\" --feature l9/76 \\",
      "                  --prompt \"The City of Light is\" -n 20",
      ""
    })
final class AblateCommand implements Callable<Integer> {
  @Mixin private EditFlags flags;

  private final Screen screen;
  private final Places places;

  AblateCommand(Screen screen, Places places) {
    this.screen = screen;
    this.places = places;
  }

  @Override
  public Integer call() {
    List<String> edits = flags.features().stream().map(this::edit).toList();
    Comparison comparison =
        Comparison.of(
            "ablated", flags, edits, 0, new TappedProcess(places, screen), places, screen);
    return comparison.print(flags, screen.out()) ? 0 : TapscopeException.CHECK;
  }

  private String edit(FeatureEdit feature) {
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
