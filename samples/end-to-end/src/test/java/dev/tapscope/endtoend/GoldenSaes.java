package dev.tapscope.endtoend;

import dev.tapscope.fixtures.Fixtures;
import dev.tapscope.fixtures.GoldenPrompt;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Runs of the golden prompts with the three SAEs whose golden outputs are there. */
final class GoldenSaes {
  /** Named by their sites, which are layer 3's. */
  static final List<String> SITES = List.of("res", "att", "mlp");

  private static final Map<String, Captures.Run> RUNS = new HashMap<>();

  private GoldenSaes() {}

  static Path folder(String site) {
    return Fixtures.sae(
        switch (site) {
          case "res" -> "res/layer_3/width_1k/average_l0_26";
          case "att" -> "att/layer_3/width_1k/average_l0_24";
          default -> "mlp/layer_3/width_1k/average_l0_21";
        });
  }

  /** The prompt alone: the one new token is not computed. */
  static synchronized Captures.Run run(GoldenPrompt prompt) {
    return RUNS.computeIfAbsent(
        prompt.name(),
        name ->
            Captures.captured(
                Captures.generate(prompt, 1),
                "sae-" + name,
                "capture=res.3+att.3+mlp.3",
                option("res"),
                option("att"),
                option("mlp")));
  }

  private static String option(String site) {
    return "sae.%s=%s.3 %s".formatted(site, site, folder(site).resolve("params.npz"));
  }
}
