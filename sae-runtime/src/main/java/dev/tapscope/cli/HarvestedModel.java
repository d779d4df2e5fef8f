package dev.tapscope.cli;

import dev.tapscope.sae.Sha256;
import dev.tapscope.store.HashedFile;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * A command that runs a model on documents.
 *
 * @param command its words; {@code {corpus}} stands in one of them for the file of documents
 * @param models what the models among its words say of themselves
 * @param silent why the others among its words say nothing
 */
record HarvestedModel(List<String> command, List<ModelFacts> models, List<String> silent) {
  static final String CORPUS = "{corpus}";

  /** What of a model's folder decides its numbers. */
  private static final String MODEL_FILES =
      "(?i)config\\.json|tokenizer\\.(json|model)|.*\\.safetensors|.*\\.gguf";

  HarvestedModel {
    command = List.copyOf(command);
    models = List.copyOf(models);
    silent = List.copyOf(silent);
    if (command.stream().noneMatch(word -> word.contains(CORPUS))) {
      throw TapscopeException.usage(
          "corpus-place",
          "The command does not say where the documents go: %s. Put %s where it takes its file of JSON lines, such as --prompts %<s."
              .formatted(String.join(" ", command), CORPUS));
    }
  }

  /** A command of a model that says of itself what is known. */
  HarvestedModel(List<String> command, ModelFacts model) {
    this(command, List.of(model), List.of());
  }

  /**
   * A command, whose words are looked at for models. A GGUF file of a model that the sample is not
   * for says nothing.
   */
  static HarvestedModel of(List<String> command, Places places) {
    List<ModelFacts> models = new ArrayList<>();
    List<String> silent = new ArrayList<>();
    for (Path path : paths(command)) {
      SampleModel model = new SampleModel(path);
      try {
        if (model.isFound()) {
          models.add(model.facts(places));
        }
      } catch (TapscopeException e) {
        if (model.isConfigured()) {
          throw e;
        }
        silent.add(e.getMessage());
      }
    }
    return new HarvestedModel(command, models, silent);
  }

  /** Says which models among the words could not be asked, and what that means. */
  void tellSilent(Screen screen) {
    for (String why : silent) {
      screen.say(
          "of a model that the command names, no end of a text is known and no padding: " + why);
    }
  }

  /** The command on a file of documents. */
  List<String> on(Path documents) {
    return command.stream().map(word -> word.replace(CORPUS, documents.toString())).toList();
  }

  /**
   * The files that the command's words name, and those of the model folders among them, hashed.
   *
   * @throws TapscopeException {@code file-unreadable}
   */
  List<HashedFile> files() {
    List<HashedFile> hashed = new ArrayList<>();
    for (Path path : paths(command)) {
      if (Files.isRegularFile(path)) {
        hashed.add(hash(path));
      } else if (new SampleModel(path).isFound()) {
        modelFiles(path).forEach(file -> hashed.add(hash(file)));
      }
    }
    return hashed;
  }

  /** Tokens that end a text. */
  SortedSet<Integer> ends() {
    return tokens(ModelFacts::ends);
  }

  /** Tokens that fill up texts of unequal length. */
  SortedSet<Integer> padding() {
    return tokens(ModelFacts::padding);
  }

  private SortedSet<Integer> tokens(Function<ModelFacts, SortedSet<Integer>> named) {
    SortedSet<Integer> tokens = new TreeSet<>();
    models.forEach(model -> tokens.addAll(named.apply(model)));
    return tokens;
  }

  private static List<Path> paths(List<String> command) {
    return command.stream()
        .map(word -> word.substring(word.indexOf('=') + 1)) // as in --model=DIR
        .flatMap(word -> path(word).stream())
        .filter(Files::exists)
        .distinct()
        .toList();
  }

  private static Optional<Path> path(String word) {
    try {
      return word.isEmpty() ? Optional.empty() : Optional.of(Path.of(word));
    } catch (InvalidPathException e) {
      return Optional.empty(); // a word that is no path
    }
  }

  private static List<Path> modelFiles(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.getFileName().toString().matches(MODEL_FILES))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw unreadable(folder, e);
    }
  }

  private static HashedFile hash(Path file) {
    try {
      return new HashedFile(file.getFileName().toString(), Files.size(file), Sha256.of(file));
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  private static TapscopeException unreadable(Path path, IOException e) {
    return TapscopeException.failed(
        "file-unreadable",
        "%s, which the command names, cannot be read: %s. Check the path and its permissions."
            .formatted(path, e),
        e);
  }
}
