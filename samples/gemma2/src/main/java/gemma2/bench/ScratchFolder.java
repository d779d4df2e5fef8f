package gemma2.bench;

import gemma2.io.InputException;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A folder that is gone when it is closed, and when the program ends before: by a failure, by
 * Ctrl-C, by a signal that can be caught. Unless it is kept under another name.
 */
public final class ScratchFolder implements AutoCloseable {

  private final Path path;
  private final Thread atExit = new Thread(this::deleteAtExit, "gemma2-delete-scratch");
  private boolean kept;

  private ScratchFolder(Path path) {
    this.path = path;
    Runtime.getRuntime().addShutdownHook(atExit);
  }

  /** An empty folder where the system has temporary files. */
  public static ScratchFolder temporary() {
    try {
      return new ScratchFolder(Files.createTempDirectory("gemma2-bench-"));
    } catch (IOException e) {
      throw new InputException(
          "bench-unwritable",
          "No folder could be made in %s: %s. Name another with JAVA_OPTS=-Djava.io.tmpdir=FOLDER."
              .formatted(System.getProperty("java.io.tmpdir"), e.getMessage()),
          e);
    }
  }

  /** An empty folder beside {@code target}, which must not exist, to be kept under its name. */
  public static ScratchFolder beside(Path target) {
    checkAbsent(target);
    Path folder = target.toAbsolutePath().normalize();
    Path partial =
        folder.resolveSibling(
            ".%s.partial-%d".formatted(folder.getFileName(), ProcessHandle.current().pid()));
    try {
      return new ScratchFolder(Files.createDirectory(partial));
    } catch (IOException e) {
      throw new InputException(
          "bench-unwritable",
          "The folder %s could not be made: %s. Name one in a folder that exists and can be written to."
              .formatted(partial, e instanceof NoSuchFileException ? "its parent is missing" : e),
          e);
    }
  }

  private static void checkAbsent(Path target) {
    if (Files.exists(target) || target.toAbsolutePath().normalize().getFileName() == null) {
      throw new InputException(
          "bench-exists",
          "%s exists, and nothing is overwritten. Name a folder that does not exist, or bench this one with --model."
              .formatted(target));
    }
  }

  /** Where it is. */
  public Path path() {
    return path;
  }

  /** Gives the folder, whole now, the name it was made for. */
  public void keepAs(Path target) {
    checkAbsent(target);
    try {
      Files.move(path, target);
      kept = true;
    } catch (IOException e) {
      throw new InputException(
          "bench-unwritable",
          "The finished folder %s could not be renamed to %s: %s. Name another folder."
              .formatted(path, target, e),
          e);
    }
  }

  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(atExit);
    } catch (IllegalStateException e) {
      return; // the program is ending, and the hook deletes
    }
    try {
      if (!kept) {
        delete();
      }
    } catch (IOException e) {
      throw new InputException(
          "bench-undeletable",
          "The temporary folder %s could not be deleted: %s. Delete it yourself."
              .formatted(path, e),
          e);
    }
  }

  private void deleteAtExit() {
    try {
      delete();
    } catch (IOException e) {
      System.err.println("gemma2: the temporary folder " + path + " could not be deleted: " + e);
    }
  }

  /** Deletes again while files come in: the program may be writing still. */
  private void delete() throws IOException {
    for (int attempt = 1; Files.exists(path); attempt++) {
      try (Stream<Path> files = Files.walk(path)) {
        List<Path> deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
        for (Path file : deepestFirst) {
          Files.deleteIfExists(file);
        }
      } catch (DirectoryNotEmptyException e) {
        if (attempt == 100) {
          throw e;
        }
      }
    }
  }
}
