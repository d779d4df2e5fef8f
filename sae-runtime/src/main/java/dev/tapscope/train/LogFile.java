package dev.tapscope.train;

import dev.tapscope.tap.TapscopeException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;

/** A file that grows while training goes on. What goes wrong with it is told in a sentence. */
final class LogFile implements AutoCloseable {
  private final Path file;
  private final String remedy;
  private final OutputStream out;

  private LogFile(Path file, String remedy, OutputStream out) {
    this.file = file;
    this.remedy = remedy;
    this.out = out;
  }

  /**
   * Opens a file to be added to.
   *
   * @param remedy what the user can do where it cannot be written, as a sentence
   * @throws TapscopeException {@code file-unwritable}
   */
  static LogFile open(Path file, String remedy, OpenOption... options) {
    try {
      return new LogFile(
          file, remedy, new BufferedOutputStream(Files.newOutputStream(file, options)));
    } catch (IOException e) {
      throw unwritable(file, remedy, e);
    }
  }

  /**
   * @throws TapscopeException {@code file-unwritable}
   */
  void write(byte[] bytes) {
    try {
      out.write(bytes);
    } catch (IOException e) {
      throw unwritable(file, remedy, e);
    }
  }

  /**
   * Hands all of it to the system, so that a kill of the process cannot take it.
   *
   * @throws TapscopeException {@code file-unwritable}
   */
  void flush() {
    try {
      out.flush();
    } catch (IOException e) {
      throw unwritable(file, remedy, e);
    }
  }

  @Override
  public void close() {
    try {
      out.close();
    } catch (IOException e) {
      throw unwritable(file, remedy, e);
    }
  }

  static TapscopeException unwritable(Path file, String remedy, IOException e) {
    return TapscopeException.failed(
        "file-unwritable",
        "%s cannot be written: %s. Training has stopped. %s".formatted(file, e, remedy),
        e);
  }
}
