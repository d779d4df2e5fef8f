package dev.tapscope.cli;

import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Where a run is written: a folder the user named, or one that goes when it has been read. */
final class RunPlace implements AutoCloseable {
  private final Optional<Path> temporary;
  private final Path folder;
  private final Runnable deleting = this::delete;
  private boolean kept;

  private RunPlace(Optional<Path> temporary, Path folder) {
    this.temporary = temporary;
    this.folder = folder;
    this.kept = temporary.isEmpty();
    temporary.ifPresent(root -> Ending.add(deleting));
  }

  static RunPlace named(Path folder) {
    return new RunPlace(Optional.empty(), folder.toAbsolutePath().normalize());
  }

  static RunPlace temporary() {
    try {
      Path parent = Files.createTempDirectory("tapscope-");
      return new RunPlace(Optional.of(parent), parent.resolve("run"));
    } catch (IOException e) {
      throw TapscopeException.failed(
          "out-unwritable",
          "No folder can be made for the run in "
              + System.getProperty("java.io.tmpdir")
              + ": "
              + e.getMessage()
              + ". Give one with --out DIR.",
          e);
    }
  }

  /** A run in a new folder of the caller's, which goes with all that is in it. */
  static RunPlace temporaryIn(Path root) {
    return new RunPlace(Optional.of(root), root.resolve("run"));
  }

  Path folder() {
    return folder;
  }

  boolean kept() {
    return kept;
  }

  /** Leaves the folder where it is, temporary or not. */
  void keep() {
    kept = Ending.remove(deleting) || kept;
  }

  @Override
  public void close() {
    if (Ending.remove(deleting)) {
      delete();
    }
  }

  private void delete() {
    temporary.filter(Files::exists).ifPresent(RunPlace::delete);
  }

  private static void delete(Path root) {
    try (Stream<Path> files = Files.walk(root)) {
      List<Path> deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
      for (Path file : deepestFirst) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw TapscopeException.failed(
          "temporary-left",
          "The temporary folder " + root + " could not be deleted: " + e.getMessage() + ".",
          e);
    }
  }
}
