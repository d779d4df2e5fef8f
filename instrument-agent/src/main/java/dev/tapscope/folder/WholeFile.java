package dev.tapscope.folder;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** A file that carries its name only when it is whole. */
final class WholeFile {
  /** What is written. */
  interface Content {
    void writeTo(OutputStream out) throws IOException;
  }

  private WholeFile() {}

  /** The name a file has until it is whole. */
  static Path temporary(Path file) {
    return file.resolveSibling(file.getFileName() + ".tmp");
  }

  static void write(Path file, Content content) throws IOException {
    Path temporary = temporary(file);
    try {
      try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(temporary), 1 << 16)) {
        content.writeTo(out);
      }
      finish(file);
    } catch (IOException e) {
      Files.deleteIfExists(temporary); // half a file is of no use, and the disk may be full
      throw e;
    }
  }

  /** Gives a temporary file its name. */
  static void finish(Path file) throws IOException {
    Files.move(
        temporary(file), file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }
}
