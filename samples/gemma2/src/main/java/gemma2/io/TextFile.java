package gemma2.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Small files, read whole. */
public final class TextFile {

  /** Larger than any vocabulary in use, and small enough to hold in memory. */
  private static final long LARGEST = 256L << 20;

  private TextFile() {}

  /** The text of a UTF-8 file; bytes that are not UTF-8 are an error, never replaced. */
  public static String read(Path file) {
    byte[] bytes = readBytes(file);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new InputException(
          "file-encoding", file + " is not UTF-8 text. Save it as UTF-8, or name another file.", e);
    }
  }

  /** The bytes of a file of at most 256 MiB. */
  public static byte[] readBytes(Path file) {
    try {
      if (Files.isDirectory(file)) {
        throw new InputException("file-unreadable", file + " is a folder; a file was expected.");
      }
      long size = Files.size(file);
      if (size > LARGEST) {
        throw new InputException(
            "file-large",
            "%s has %,d bytes; at most %,d are read. Name a smaller file."
                .formatted(file, size, LARGEST));
      }
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  /** A sentence for a file that could not be read. */
  static InputException unreadable(Path file, IOException e) {
    String reason =
        switch (e) {
          case NoSuchFileException missing -> "there is no such file";
          case AccessDeniedException denied -> "its permissions do not allow it";
          default -> String.valueOf(e.getMessage());
        };
    return new InputException(
        "file-unreadable", "%s could not be read: %s.".formatted(file, reason), e);
  }
}
