package dev.tapscope.cli;

import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

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
  List<String> sample(Places places, String subcommand) {
    Path folder =
        model.orElseThrow(() ->
            TapscopeException.usage(
                "model-missing",
                "There is no model. Add --model DIR for the Gemma 2 sample, or give a command"
                    + " after -- that runs one."));
    if (!Files.isDirectory(folder)) {
      throw TapscopeException.failed(
          "model-missing",
          "The model folder " + folder + " does not exist. Give a folder with config.json.");
    }
    Path jar = Places.require(places.gemma2(), "Gemma 2 sample", "samples/gemma2");
    return new ArrayList<>(
        List.of(
            Places.java().toString(),
            "-jar",
            jar.toString(),
            subcommand,
            "--model",
            folder.toString()));
  }

  /**
   * Tokens that end a text: {@code eos_token_id} of the model's {@code config.json}. What else ends
   * a generation, such as the end of a turn, is a token like others here.
   */
  Set<Integer> endTokens() {
    Path file = model.orElse(Path.of("")).resolve("config.json");
    try {
      JsonNode eos = new JsonMapper().readTree(Files.readString(file)).path("eos_token_id");
      Set<Integer> ends = new TreeSet<>();
      if (eos.isInt()) {
        ends.add(eos.intValue());
      }
      eos.forEach(id -> ends.add(id.asInt(-1)));
      return ends;
    } catch (IOException | JacksonException e) {
      throw TapscopeException.failed(
          "config-unreadable",
          file + " cannot be read: " + e.getMessage() + ". Check the model folder.",
          e);
    }
  }
}
