package dev.tapscope.cli;

import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** A text file that appears under its name only when it is whole. */
final class WholeFile {
  private WholeFile() {}

  /**
   * @throws TapscopeException {@code file-unwritable}
   */
  static void write(Path file, String text) {
    Path target = file.toAbsolutePath();
    Path part = target.resolveSibling(target.getFileName() + ".tmp");
    try {
      Files.writeString(part, text);
      Files.move(part, target, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw TapscopeException.failed(
          "file-unwritable",
          "The file "
              + file
              + " cannot be written: "
              + e.getMessage()
              + ". Give a path in a folder that exists and is writable.",
          e);
    }
  }
}
