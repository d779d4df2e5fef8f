package dev.tapscope.jlama;

import java.io.PrintWriter;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code jlama score}. */
@Command(
    name = "score",
    mixinStandardHelpOptions = true,
    header = {
      "The loss of every token but the first, and their mean, in nats.",
      "",
      "  jlama score --model DIR --prompt \"Paris is the capital of France.\"",
      "  jlama score --model DIR --ids 2,17,9 --json",
      ""
    })
final class ScoreCommand implements Callable<Integer> {
  @Mixin private PromptOptions options;
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    try (JlamaModel model = options.open(spec.commandLine().getErr())) {
      int[] ids = options.ids(model);
      double[] losses = model.losses(ids);
      double mean = Arrays.stream(losses).average().orElseThrow();
      if (options.json()) {
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("ids", ids);
        result.put("losses", losses);
        result.put("mean_loss", mean);
        out.println(JlamaModel.json(Map.of("results", List.of(result))));
        return 0;
      }
      out.println("    loss      id  token");
      for (int t = 1; t < ids.length; t++) {
        String piece = model.decode(new int[] {ids[t]});
        out.println(
            String.format(Locale.ROOT, "%8.4f  %6d  %s", losses[t - 1], ids[t], piece)
                .stripTrailing());
      }
      out.println(
          String.format(Locale.ROOT, "mean loss %.6f nats over %d tokens", mean, losses.length));
    }
    return 0;
  }
}
