package dev.tapscope.cli;

import dev.tapscope.tap.TapscopeException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Which model runs what: the Gemma 2 sample on a prompt, or any command. */
final class ModelFlags {
  /**
   * Tokens a generation needs to be compared: the last one sampled is never computed again, so a
   * run shows the first only when there is a second.
   */
  static final int FEWEST_COMPARED = 2;

  private static final int TOKENS = 40;
  private static final long SEED = 16;

  @Option(
      names = "--model",
      paramLabel = "MODEL",
      description = "Model folder or .gguf file for the Gemma 2 sample.")
  private Optional<Path> model = Optional.empty();

  @Option(names = "--prompt", paramLabel = "TEXT", description = "What the sample continues.")
  private Optional<String> prompt = Optional.empty();

  @Option(
      names = {"-n", "--tokens"},
      paramLabel = "N",
      description = "Most tokens to generate (" + TOKENS + "); with --model.")
  private Optional<Integer> tokens = Optional.empty();

  @Option(
      names = "--seed",
      description =
          "Seed of sampling and of random choices (" + SEED + "); recorded; with --model.")
  private Optional<Long> seed = Optional.empty();

  @Option(names = "--temperature", description = "Sampling temperature (0: greedy); with --model.")
  private Optional<Double> temperature = Optional.empty();

  @Mixin private ProfileFlag profile;

  @Parameters(
      paramLabel = "COMMAND",
      arity = "0..*",
      description = "After --: the command that runs the model, instead of --model and --prompt.")
  private List<String> command = List.of();

  long seed() {
    return seed.orElse(SEED);
  }

  /** Whether the Gemma 2 sample runs, so that its sampling is ours to choose. */
  boolean isSample() {
    return model.isPresent();
  }

  String profile() {
    return profile.name();
  }

  /** The Gemma 2 sample's model, where that runs. */
  Optional<SampleModel> sample() {
    return model.map(SampleModel::new);
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
   * @throws TapscopeException {@code model-missing}, {@code prompt-missing}, {@code model-twice},
   *     {@code sampling-unreachable} or {@code jar-missing}
   */
  List<String> command(Places places) {
    return command(places, tokens.orElse(TOKENS));
  }

  /** The command to start when generations are compared, with enough tokens for that. */
  List<String> compared(Places places, Screen screen) {
    int n = tokens.orElse(TOKENS);
    if (command.isEmpty() && n < FEWEST_COMPARED) {
      screen.say("generating " + FEWEST_COMPARED + " tokens, as a comparison needs a second one");
    }
    return command(places, Math.max(FEWEST_COMPARED, n));
  }

  /** The command to start, generating another number of tokens where that can be chosen. */
  List<String> command(Places places, int n) {
    if (!command.isEmpty()) {
      if (model.isPresent() || prompt.isPresent()) {
        throw TapscopeException.usage(
            "model-twice",
            "Both a command after -- and --model or --prompt were given. Give the command alone,"
                + " with its own options, or --model MODEL --prompt TEXT.");
      }
      requireNoSampling();
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
            Double.toString(temperature.orElse(0.0)),
            "--seed",
            Long.toString(seed())));
    return full;
  }

  private void requireNoSampling() {
    List<String> given = new ArrayList<>();
    tokens.ifPresent(n -> given.add("-n"));
    seed.ifPresent(n -> given.add("--seed"));
    temperature.ifPresent(t -> given.add("--temperature"));
    if (!given.isEmpty()) {
      throw TapscopeException.usage(
          "sampling-unreachable",
          "How a command after -- samples is its own affair, and "
              + String.join(", ", given)
              + (given.size() == 1 ? " does" : " do")
              + " not reach it. Give the command its own options, or use --model and --prompt.");
    }
  }

  /** {@code java -jar gemma2.jar SUBCOMMAND --model MODEL}. */
  private List<String> sample(Places places, String subcommand) {
    Path path =
        model.orElseThrow(() ->
            TapscopeException.usage(
                "model-missing",
                "There is no model. Add --model MODEL for the Gemma 2 sample, or give a command"
                    + " after -- that runs one."));
    return new SampleModel(path).command(places, subcommand);
  }
}
