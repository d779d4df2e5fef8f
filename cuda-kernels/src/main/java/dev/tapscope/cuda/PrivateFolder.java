package dev.tapscope.cuda;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A folder of this process alone for native libraries. JCuda unpacks its own to a fixed path below
 * {@code java.io.tmpdir} and loads what it finds there: on a machine with other users, what they
 * put there.
 */
final class PrivateFolder {
  private static final String TEMPORARY = "java.io.tmpdir";

  private final Path folder;

  private PrivateFolder(Path folder) {
    this.folder = folder;
  }

  /** Makes one; it is deleted when the JVM ends. */
  static PrivateFolder create() {
    try {
      Path folder =
          Files.createTempDirectory(
              "tapscope-cuda",
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      PrivateFolder made = new PrivateFolder(folder);
      Runtime.getRuntime().addShutdownHook(new Thread(made::delete, "tapscope-cuda-natives"));
      return made;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Path path() {
    return folder;
  }

  /**
   * Runs something that loads libraries of JCuda for the first time; one after the other, since the
   * property is everybody's.
   */
  synchronized void unpackingHere(Runnable loads) {
    String usual = System.getProperty(TEMPORARY);
    System.setProperty(TEMPORARY, folder.toString());
    try {
      loads.run();
    } finally {
      System.setProperty(TEMPORARY, usual);
    }
  }

  private void delete() {
    try (Stream<Path> files = Files.walk(folder)) {
      List<Path> deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
      for (Path file : deepestFirst) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      System.err.println("tapscope: " + folder + " cannot be deleted: " + e.getMessage());
    }
  }
}
