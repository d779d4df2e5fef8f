package dev.tapscope.store;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Hashes and counts what passes through. */
final class HashedOutput extends FilterOutputStream {
  private final MessageDigest digest;
  private long bytes;

  HashedOutput(OutputStream out) {
    super(out);
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] from, int at, int count) throws IOException {
    out.write(from, at, count);
    digest.update(from, at, count);
    bytes += count;
  }

  long bytes() {
    return bytes;
  }

  /** Lower-case hex; ends the hash. */
  String sha256() {
    return HexFormat.of().formatHex(digest.digest());
  }
}
