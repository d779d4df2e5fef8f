package dev.tapscope.cuda;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Where cuBLAS may be.
 *
 * @param chosen what the user has named: a file, a folder, or {@code none}
 * @param roots folders with installations of Python, such as {@code /usr}
 * @param toolkits the folder CUDA's toolkits are in
 */
record CublasPlaces(Optional<String> chosen, List<Path> roots, Path toolkits) {
  static final String PROPERTY = "tapscope.cublas";
  static final String VARIABLE = "TAPSCOPE_CUBLAS";

  /** What the user says who wants none. */
  static final String NONE = "none";

  private static final List<String> NAMES = List.of("libcublas.so.12", "libcublas.so.13");

  /** Where wheels of NVIDIA put it: those for CUDA 12, and for CUDA 13. */
  private static final List<String> WHEELS = List.of("nvidia/cublas/lib", "nvidia/cu13/lib");

  CublasPlaces {
    roots = List.copyOf(roots);
  }

  static CublasPlaces ofThisMachine() {
    Map<String, String> environment = System.getenv();
    Optional<String> chosen =
        Optional.ofNullable(System.getProperty(PROPERTY))
            .or(() -> Optional.ofNullable(environment.get(VARIABLE)))
            .filter(name -> !name.isBlank());
    return new CublasPlaces(chosen, roots(environment), Path.of("/usr/local"));
  }

  /** An environment of Python is found by its variable, or by its python3 on the path. */
  private static List<Path> roots(Map<String, String> environment) {
    Set<Path> roots = new LinkedHashSet<>();
    for (String variable : List.of("VIRTUAL_ENV", "CONDA_PREFIX")) {
      path(environment.get(variable)).ifPresent(roots::add);
    }
    String search = environment.getOrDefault("PATH", "");
    for (String folder : search.split(File.pathSeparator, -1)) {
      path(folder)
          .filter(bin -> bin.getParent() != null && Files.isExecutable(bin.resolve("python3")))
          .ifPresent(bin -> roots.add(bin.getParent()));
    }
    path(environment.get("HOME")).ifPresent(home -> roots.add(home.resolve(".local")));
    return List.copyOf(roots);
  }

  private static Optional<Path> path(String text) {
    try {
      return Optional.ofNullable(text).filter(some -> !some.isBlank()).map(Path::of);
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }

  boolean unwanted() {
    return chosen.equals(Optional.of(NONE));
  }

  /** What has been chosen, for the beginning of a sentence. */
  String origin() {
    return System.getProperty(PROPERTY) != null
        ? "The system property " + PROPERTY
        : "The environment variable " + VARIABLE;
  }

  /** Names and files to try in this order: version 12 wherever it is, then 13. */
  List<String> candidates() {
    if (chosen.isPresent()) {
      Path named = Path.of(chosen.get()).toAbsolutePath();
      return Files.isDirectory(named)
          ? NAMES.stream().map(name -> named.resolve(name).toString()).toList()
          : List.of(named.toString());
    }
    List<String> candidates = new ArrayList<>();
    List<Path> folders = folders();
    for (String name : NAMES) {
      candidates.add(name);
      for (Path folder : folders) {
        Path file = folder.resolve(name);
        if (Files.exists(file)) {
          candidates.add(file.toString());
        }
      }
    }
    return candidates;
  }

  private List<Path> folders() {
    List<Path> folders = new ArrayList<>();
    for (Path toolkit : matching(toolkits, "cuda*")) {
      folders.add(toolkit.resolve("lib64"));
      folders.add(toolkit.resolve("targets/x86_64-linux/lib"));
    }
    for (Path root : roots) {
      folders.add(root.resolve("lib"));
      for (Path python : matching(root.resolve("lib"), "python3*")) {
        for (String packages : List.of("site-packages", "dist-packages")) {
          for (String wheel : WHEELS) {
            folders.add(python.resolve(packages).resolve(wheel));
          }
        }
      }
    }
    return folders;
  }

  /** In the order of their names, the last first: of two versions the newer one. */
  private static List<Path> matching(Path folder, String glob) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> found =
        Files.find(
            folder,
            1,
            (path, _) ->
                folder.getFileSystem().getPathMatcher("glob:" + glob).matches(name(path)))) {
      return found.sorted((a, b) -> b.compareTo(a)).toList();
    } catch (IOException | UncheckedIOException e) {
      return List.of();
    }
  }

  private static Path name(Path path) {
    return path.getFileName();
  }

  String notFound() {
    return chosen.isPresent()
        ? "%s names %s, where no libcublas.so.12 or libcublas.so.13 can be loaded."
            .formatted(origin(), chosen.get())
        : "There is no libcublas.so.12 or libcublas.so.13 where the system's loader looks, below"
            + " %s or in an environment of Python on the path; if it is elsewhere, name its folder"
                .formatted(toolkits)
            + " in the environment variable %s.".formatted(VARIABLE);
  }
}
