package dev.tapscope.cli;

import dev.tapscope.tap.TapscopeException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Which model reads a corpus: the Gemma 2 sample, or any command. */
final class CorpusModelFlags {
  @Option(
      names = "--model",
      paramLabel = "MODEL",
      description = "Model folder or .gguf file for the Gemma 2 sample, instead of a COMMAND.")
  private Optional<Path> model = Optional.empty();

  @Mixin private ProfileFlag profile;

  @Parameters(
      paramLabel = "COMMAND",
      arity = "0..*",
      description =
          "After --: the command that runs the model on a file of JSON lines; {corpus} stands where"
              + " that file goes.")
  private List<String> command = List.of();

  String profile() {
    return profile.name();
  }

  /** Whether a model was named in either way. */
  boolean given() {
    return model.isPresent() || !command.isEmpty();
  }

  /** The Gemma 2 sample's model, where that runs. */
  Optional<SampleModel> sample() {
    return model.map(SampleModel::new);
  }

  /** What an evaluation calls it. */
  String name() {
    return model
        .map(path -> path.toAbsolutePath().normalize().getFileName().toString())
        .orElseGet(() -> String.join(" ", command));
  }

  /**
   * Checks that a model is named, and in one way.
   *
   * @throws TapscopeException {@code model-missing}
   */
  void check() {
    if (model.isPresent() != command.isEmpty()) {
      throw TapscopeException.usage(
          "model-missing",
          "Either --model MODEL for the Gemma 2 sample or a command after -- was wanted, and %s given. Give one of them."
              .formatted(model.isPresent() ? "both were" : "neither was"));
    }
  }

  /**
   * The command that reads a corpus. {@code gemma2 score} takes windows that do not overlap where a
   * document is longer than the context, so that each token is computed once.
   *
   * @throws TapscopeException {@code model-missing}, {@code config-unreadable}, {@code
   *     corpus-place} or {@code jar-missing}
   */
  HarvestedModel reading(Places places) {
    check();
    if (model.isEmpty()) {
      return HarvestedModel.of(command, places);
    }
    SampleModel sample = new SampleModel(model.get());
    List<String> full = new ArrayList<>(sample.command(places, "score"));
    full.addAll(List.of("--prompts", HarvestedModel.CORPUS, "--json"));
    ModelFacts facts = sample.facts(places);
    full.addAll(facts.windowsOnce());
    return new HarvestedModel(full, facts);
  }
}
