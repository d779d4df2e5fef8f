package dev.tapscope.io;

import dev.tapscope.tap.TapscopeException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** A file that appears under its name, in the place of an earlier one, only when it is whole. */
public final class FreshFile {
  private FreshFile() {}

  /** Writes what a file is to hold. */
  @FunctionalInterface
  public interface Content {
    void writeTo(OutputStream out) throws IOException;
  }

  /**
   * Writes a file; when that fails, nothing is left of it and an earlier file stays as it was.
   *
   * @throws TapscopeException {@code file-unwritable}
   */
  public static void write(Path file, Content content) {
    Path target = file.toAbsolutePath();
    Path part = target.resolveSibling(target.getFileName() + ".tmp");
    try {
      try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(part), 1 << 16)) {
        content.writeTo(out);
      }
      Files.move(part, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      TapscopeException failure =
          TapscopeException.failed(
              "file-unwritable",
              "%s cannot be written: %s. Check that its folder exists, may be written to and has room."
                  .formatted(file, e.getMessage()),
              e);
      deleteHalf(part, failure);
      throw failure;
    }
  }

  /** Half a file is of no use, and the disk may be full. */
  private static void deleteHalf(Path part, TapscopeException failure) {
    try {
      Files.deleteIfExists(part);
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }
}
