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
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * A command that runs a model on documents.
 *
 * @param command its words; {@code {corpus}} stands in one of them for the file of documents
 */
record HarvestedModel(List<String> command) {
  static final String CORPUS = "{corpus}";

  /** What of a model folder decides its numbers. */
  private static final String MODEL_FILES =
      "config\\.json|tokenizer\\.(json|model)|.*\\.safetensors|.*\\.gguf";

  HarvestedModel {
    command = List.copyOf(command);
    if (command.stream().noneMatch(word -> word.contains(CORPUS))) {
      throw TapscopeException.usage(
          "corpus-place",
          "The command does not say where the documents go: %s. Put %s where it takes its file of JSON lines, such as --prompts %<s."
              .formatted(String.join(" ", command), CORPUS));
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
    for (Path path : paths()) {
      if (Files.isRegularFile(path)) {
        hashed.add(hash(path));
      } else if (isModel(path)) {
        modelFiles(path).forEach(file -> hashed.add(hash(file)));
      }
    }
    return hashed;
  }

  /** Tokens that the model folders' {@code config.json} name by a key, such as eos_token_id. */
  Set<Integer> tokens(String key) {
    Set<Integer> tokens = new TreeSet<>();
    paths().stream()
        .filter(HarvestedModel::isModel)
        .forEach(folder -> tokens.addAll(new SampleModel(folder).tokens(key)));
    return tokens;
  }

  private List<Path> paths() {
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

  private static boolean isModel(Path path) {
    return Files.isRegularFile(path.resolve("config.json"));
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
