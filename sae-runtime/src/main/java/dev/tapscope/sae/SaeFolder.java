package dev.tapscope.sae;

import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * An SAE, and what lies beside it. What lies beside is read when it is asked for, so that an SAE
 * whose statistics are stale can be run, and measured anew.
 *
 * @param path as the user gave it
 * @param sae the weights
 */
public record SaeFolder(Path path, JumpReluSae sae) {
  private static final int NAMES_SHOWN = 8;

  /**
   * Reads an SAE from a file, {@code .npz} of Gemma Scope or {@code .safetensors} of
   * dictionary_learning, or from a folder in the layout of Gemma Scope ({@code params.npz}),
   * SAELens ({@code cfg.json}, {@code sae_weights.safetensors}) or dictionary_learning ({@code
   * ae.safetensors}).
   *
   * @throws TapscopeException {@code sae-missing} when the path does not exist, {@code sae-format}
   *     when nothing there is an SAE, {@code sae-...}, {@code npz-...}, {@code safetensors-...}
   *     when something is wrong with it
   */
  public static SaeFolder open(Path path) {
    if (!Files.exists(path)) {
      throw TapscopeException.failed(
          "sae-missing",
          "There is no SAE at %s. Give a params.npz, or a folder in the layout of Gemma Scope, SAELens or dictionary_learning."
              .formatted(path));
    }
    return new SaeFolder(path, read(path));
  }

  /**
   * Reads what a corpus showed of its features, if that was measured.
   *
   * @throws TapscopeException {@code stats-mismatch} when it was measured on another SAE, {@code
   *     stats-corrupt}, {@code safetensors-...}
   */
  public Optional<SaeStats> stats() {
    return SaeStats.in(folder(), sae);
  }

  /**
   * Reads what people say of its features.
   *
   * @throws TapscopeException {@code labels-corrupt}
   */
  public Labels labels() {
    return Labels.in(folder(), sae.features());
  }

  private Path folder() {
    return Files.isDirectory(path) ? path : path.toAbsolutePath().getParent();
  }

  private static JumpReluSae read(Path path) {
    if (!Files.isDirectory(path)) {
      return ofFile(path);
    }
    Path params = path.resolve(GemmaScopeFormat.FILE);
    Path dictionary = path.resolve(DictionaryLearningFormat.FILE);
    List<SaeFormat> found = new ArrayList<>();
    if (Files.isRegularFile(params)) {
      found.add(SaeFormat.GEMMA_SCOPE);
    }
    if (SaeLensFormat.recognises(path)) {
      found.add(SaeFormat.SAELENS);
    }
    if (Files.isRegularFile(dictionary)) {
      found.add(SaeFormat.DICTIONARY_LEARNING);
    }
    if (found.size() > 1) {
      throw format(
          path, "both " + found.stream().map(SaeFormat::word).collect(Collectors.joining(" and ")));
    }
    if (found.isEmpty()) {
      Path pickle = path.resolve(DictionaryLearningFormat.PICKLE);
      throw Files.exists(pickle)
          ? DictionaryLearningFormat.pickle(pickle)
          : format(path, contents(path));
    }
    return switch (found.getFirst()) {
      case GEMMA_SCOPE -> GemmaScopeFormat.read(params);
      case SAELENS -> SaeLensFormat.read(path);
      case DICTIONARY_LEARNING -> DictionaryLearningFormat.read(dictionary);
    };
  }

  private static JumpReluSae ofFile(Path path) {
    String name = path.getFileName().toString();
    if (name.endsWith(".npz")) {
      return GemmaScopeFormat.read(path);
    }
    if (name.equals(SaeLensFormat.WEIGHTS)) {
      throw format(path, "the weights of SAELens without their cfg.json: give the folder");
    }
    if (name.endsWith(".safetensors")) {
      return DictionaryLearningFormat.read(path);
    }
    if (name.endsWith(".pt") || name.endsWith(".pth")) {
      throw DictionaryLearningFormat.pickle(path);
    }
    throw format(path, "a file whose name ends neither in .npz nor in .safetensors");
  }

  private static String contents(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      List<String> names = files.map(f -> f.getFileName().toString()).sorted().toList();
      if (names.isEmpty()) {
        return "an empty folder";
      }
      String shown = String.join(", ", names.subList(0, Math.min(NAMES_SHOWN, names.size())));
      return names.size() > NAMES_SHOWN
          ? "%s and %d more".formatted(shown, names.size() - NAMES_SHOWN)
          : shown;
    } catch (IOException e) {
      throw TapscopeException.failed(
          "file-unreadable",
          "The folder %s cannot be read: %s. Check its permissions."
              .formatted(folder, e.getMessage()),
          e);
    }
  }

  private static TapscopeException format(Path path, String found) {
    return TapscopeException.failed(
        "sae-format",
        "No SAE can be made out at %s; found is %s. Give a params.npz (Gemma Scope) or an ae.safetensors (dictionary_learning), or a folder with one of them or with cfg.json and sae_weights.safetensors (SAELens)."
            .formatted(path, found));
  }
}
