package dev.tapscope.sae;

import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** The hash by which run folders and statistics name the files they belong to. */
public final class Sha256 {
  private static final int BLOCK = 1 << 20;

  private Sha256() {}

  /**
   * Hash of a file's bytes, lower-case hex.
   *
   * @throws TapscopeException {@code file-unreadable}
   */
  public static String of(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      MessageDigest digest = digest();
      byte[] block = new byte[BLOCK];
      for (int count = in.read(block); count >= 0; count = in.read(block)) {
        digest.update(block, 0, count);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (IOException e) {
      throw TapscopeException.failed(
          "file-unreadable",
          "%s cannot be read: %s. Check the path and its permissions."
              .formatted(file, e.getMessage()),
          e);
    }
  }

  /** Hash of a text in UTF-8, lower-case hex. */
  public static String of(String text) {
    return HexFormat.of().formatHex(digest().digest(text.getBytes(StandardCharsets.UTF_8)));
  }

  private static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }
}
