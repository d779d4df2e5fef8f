package dev.tapscope.cli;

import dev.tapscope.tap.TapscopeException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Which model runs what: the Gemma 2 sample on a prompt, or any command. */
final class ModelFlags {
  @Option(
      names = "--model",
      paramLabel = "DIR",
      description = "Model folder for the Gemma 2 sample.")
  private Optional<Path> model = Optional.empty();

  @Option(names = "--prompt", paramLabel = "TEXT", description = "What the sample continues.")
  private Optional<String> prompt = Optional.empty();

  @Option(
      names = {"-n", "--tokens"},
      paramLabel = "N",
      defaultValue = "40",
      description = "Most tokens to generate (${DEFAULT-VALUE}).")
  private int tokens;

  @Option(
      names = "--seed",
      defaultValue = "16",
      description = "Seed of sampling and of random choices (${DEFAULT-VALUE}); recorded.")
  private long seed;

  @Option(
      names = "--temperature",
      defaultValue = "0",
      description = "Sampling temperature (${DEFAULT-VALUE}: greedy).")
  private double temperature;

  @Option(
      names = "--profile",
      defaultValue = "gemma2",
      paramLabel = "NAME|FILE",
      description = "Where the taps are: a built-in profile or a .taps file (${DEFAULT-VALUE}).")
  private String profile;

  @Parameters(
      paramLabel = "COMMAND",
      arity = "0..*",
      description = "After --: the command that runs the model, instead of --model and --prompt.")
  private List<String> command = List.of();

  long seed() {
    return seed;
  }

  String profile() {
    return profile;
  }

  /** How a screen is headed. */
  String title() {
    return model.isPresent()
        ? "gemma2 · " + model.get().toAbsolutePath().normalize().getFileName()
        : String.join(" ", command);
  }

  Optional<String> prompt() {
    return prompt;
  }

  /**
   * The command to start.
   *
   * @throws TapscopeException {@code model-missing}, {@code prompt-missing}, {@code model-twice} or
   *     {@code jar-missing}
   */
  List<String> command(Places places) {
    return command(places, tokens);
  }

  /** The command to start, generating another number of tokens where that can be chosen. */
  List<String> command(Places places, int n) {
    if (!command.isEmpty()) {
      if (model.isPresent() || prompt.isPresent()) {
        throw TapscopeException.usage(
            "model-twice",
            "Both a command after -- and --model or --prompt were given. Give the command alone,"
                + " with its own options, or --model DIR --prompt TEXT.");
      }
      return command;
    }
    List<String> full = sample(places, "generate");
    full.addAll(
        List.of(
            "--prompt",
            prompt.orElseThrow(() ->
                TapscopeException.usage(
                    "prompt-missing",
                    "There is no prompt. Add --prompt TEXT, or give the model's own command"
                        + " after --.")),
            "-n",
            Integer.toString(n),
            "--temperature",
            Double.toString(temperature),
            "--seed",
            Long.toString(seed)));
    return full;
  }

  /** {@code java -jar gemma2.jar SUBCOMMAND --model DIR}. */
  private List<String> sample(Places places, String subcommand) {
    Path folder =
        model.orElseThrow(() ->
            TapscopeException.usage(
                "model-missing",
                "There is no model. Add --model DIR for the Gemma 2 sample, or give a command"
                    + " after -- that runs one."));
    return new SampleModel(folder).command(places, subcommand);
  }
}
