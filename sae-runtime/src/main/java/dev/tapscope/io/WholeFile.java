package dev.tapscope.io;

import dev.tapscope.tap.TapscopeException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * A file that appears under its name, in the place of an earlier one, only when it is whole. Until
 * then it has another name in the same folder. Where writing fails, nothing of it stays, and an
 * earlier file is as it was.
 */
public final class WholeFile {
  private static final String PART = ".tmp";
  private static final int BUFFER = 1 << 16;

  private WholeFile() {}

  /** Writes what a file is to hold. */
  @FunctionalInterface
  public interface Content {
    /**
     * @param out buffered
     */
    void writeTo(OutputStream out) throws IOException;
  }

  /**
   * Writes a file.
   *
   * @throws TapscopeException {@code file-unwritable}
   */
  public static void write(Path file, Content content) {
    try {
      put(file, content, false);
    } catch (IOException e) {
      throw TapscopeException.failed(
          "file-unwritable",
          "%s cannot be written: %s. Check that its folder exists, may be written to and has room."
              .formatted(file, e),
          e);
    }
  }

  /**
   * Writes a text in UTF-8.
   *
   * @throws TapscopeException {@code file-unwritable}
   */
  public static void write(Path file, String text) {
    write(file, out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
  }

  /**
   * Writes a file that is on the disk under its name when this returns, so that neither a kill nor
   * a power cut leaves half of one. For those who have more to say when it fails.
   *
   * @throws IOException where the file cannot be written
   */
  public static void writeThrough(Path file, Content content) throws IOException {
    put(file, content, true);
  }

  private static void put(Path file, Content content, boolean through) throws IOException {
    Path target = file.toAbsolutePath();
    Path part = target.resolveSibling(target.getFileName() + PART);
    FileChannel channel =
        FileChannel.open(
            part,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE);
    try {
      try (channel;
          OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel), BUFFER)) {
        content.writeTo(out);
        if (through) {
          out.flush();
          channel.force(true);
        }
      }
      Files.move(part, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException | RuntimeException e) {
      deleteHalf(part, e);
      throw e;
    }
    if (through) {
      sync(target.getParent());
    }
  }

  /** Half a file is of no use, and the disk may be full. */
  private static void deleteHalf(Path part, Exception failure) {
    try {
      Files.deleteIfExists(part);
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  /** Whether a file has the name of one that is being written, or whose writing was killed. */
  public static boolean isPart(Path file) {
    return file.getFileName().toString().endsWith(PART);
  }

  /** Puts the names in a folder on the disk, where the system can. */
  public static void sync(Path folder) throws IOException {
    if (folder.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
        channel.force(true);
      }
    }
  }
}
