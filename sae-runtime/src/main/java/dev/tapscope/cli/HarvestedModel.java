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
 */
record HarvestedModel(List<String> command, List<ModelFacts> models) {
  static final String CORPUS = "{corpus}";

  /** What of a model's folder decides its numbers. */
  private static final String MODEL_FILES =
      "(?i)config\\.json|tokenizer\\.(json|model)|.*\\.safetensors|.*\\.gguf";

  HarvestedModel {
    command = List.copyOf(command);
    models = List.copyOf(models);
    if (command.stream().noneMatch(word -> word.contains(CORPUS))) {
      throw TapscopeException.usage(
          "corpus-place",
          "The command does not say where the documents go: %s. Put %s where it takes its file of JSON lines, such as --prompts %<s."
              .formatted(String.join(" ", command), CORPUS));
    }
  }

  /** A command, whose words are looked at for models. */
  static HarvestedModel of(List<String> command, Places places) {
    return new HarvestedModel(
        command, paths(command).stream().flatMap(path -> facts(path, places).stream()).toList());
  }

  /** A GGUF file of a model that the sample is not for says nothing. */
  private static Optional<ModelFacts> facts(Path path, Places places) {
    SampleModel model = new SampleModel(path);
    try {
      return model.isFound() ? Optional.of(model.facts(places)) : Optional.empty();
    } catch (TapscopeException e) {
      if (model.isConfigured()) {
        throw e;
      }
      return Optional.empty();
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
