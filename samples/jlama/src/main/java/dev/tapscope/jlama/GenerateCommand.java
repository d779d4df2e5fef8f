package dev.tapscope.jlama;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code jlama generate}. */
@Command(
    name = "generate",
    mixinStandardHelpOptions = true,
    header = {
      "Continue a prompt, always with the likeliest token.",
      "",
      "  jlama generate --model DIR --prompt \"The City of Light is\" -n 16",
      "  jlama generate --model DIR --ids 2,17,9 --json",
      ""
    })
final class GenerateCommand implements Callable<Integer> {
  @Mixin private PromptOptions options;

  @Option(
      names = "-n",
      paramLabel = "N",
      defaultValue = "64",
      description = "New tokens at most (${DEFAULT-VALUE}).")
  private int most;

  @Option(names = "--ignore-eos", description = "Go on after an end-of-text token.")
  private boolean ignoreEos;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    if (most < 1) {
      throw new ParameterException(
          spec.commandLine(), "-n must be a whole number of at least 1, but is " + most + ".");
    }
    try (JlamaModel model = options.open(spec.commandLine().getErr())) {
      int[] ids = options.ids(model);
      int[] generated = model.generate(ids, most, ignoreEos);
      String text = model.decode(generated);
      if (options.json()) {
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("prompt_ids", ids);
        result.put("generated_ids", generated);
        result.put("text", text);
        out.println(JlamaModel.json(Map.of("results", List.of(result))));
      } else {
        out.println(text);
      }
    }
    return 0;
  }
}
