package dev.tapscope.cli;

import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** Keeps the last bytes written to it. Thread-safe. */
final class Tail extends OutputStream {
  private static final int KEPT = 1 << 13;

  private final byte[] ring = new byte[KEPT];
  private long count;

  @Override
  public synchronized void write(int b) {
    ring[(int) (count++ % KEPT)] = (byte) b;
  }

  /** From the first whole line on, where not all is there. */
  synchronized String text() {
    int size = (int) Math.min(count, KEPT);
    byte[] last = new byte[size];
    for (int i = 0; i < size; i++) {
      last[i] = ring[(int) ((count - size + i) % KEPT)];
    }
    String text = new String(last, StandardCharsets.UTF_8);
    return count > KEPT ? text.substring(text.indexOf('\n') + 1) : text;
  }
}
