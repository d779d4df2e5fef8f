package dev.tapscope.live;

import dev.tapscope.tap.TapscopeException;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** The reader's end of what {@link PassOutput} writes. Used by one thread at a time. */
public final class PassInput {
  private static final int MOST = 1 << 26;
  private static final int BLOCK = 1 << 16;

  private final DataInputStream in;
  private final byte[] block = new byte[BLOCK];
  private boolean begun;

  public PassInput(InputStream in) {
    this.in = new DataInputStream(new BufferedInputStream(in, BLOCK));
  }

  /**
   * The next pass; empty when the model has said that its run is over.
   *
   * @throws EOFException when it is over without that
   * @throws IOException when the socket fails
   * @throws TapscopeException {@code stream-format} when something else than passes comes
   */
  public Optional<LivePass> next() throws IOException {
    if (!begun) {
      String format = in.readUTF();
      if (!format.equals(PassOutput.FORMAT)) {
        throw unreadable("the format " + format);
      }
      begun = true;
    }
    int kind = in.read();
    return switch (kind) {
      case PassOutput.PASS -> Optional.of(pass());
      case PassOutput.END -> Optional.empty();
      case -1 -> throw new EOFException();
      default -> throw unreadable("the byte " + kind);
    };
  }

  private LivePass pass() throws IOException {
    int sequence = in.readInt();
    int start = in.readInt();
    int[] tokens = new int[count("tokens", 1)];
    for (int i = 0; i < tokens.length; i++) {
      tokens[i] = in.readInt();
    }
    boolean generated = in.readBoolean();
    int bos = in.readInt();
    SortedMap<String, float[]> rows = new TreeMap<>();
    for (int left = count("addresses", 0); left > 0; left--) {
      String address = in.readUTF();
      rows.put(address, values(count("values in a row", 1) * (long) tokens.length));
    }
    double[] losses = new double[count("losses", 0)];
    for (int i = 0; i < losses.length; i++) {
      losses[i] = in.readDouble();
    }
    return new LivePass(sequence, start, tokens, generated, bos, rows, losses);
  }

  private int count(String what, int least) throws IOException {
    int count = in.readInt();
    if (count < least || count > MOST) {
      throw unreadable("%d %s".formatted(count, what));
    }
    return count;
  }

  private float[] values(long count) throws IOException {
    if (count > Integer.MAX_VALUE / Float.BYTES) {
      throw unreadable("%d values of one address".formatted(count));
    }
    float[] values = new float[(int) count];
    int most = BLOCK / Float.BYTES;
    for (int from = 0; from < values.length; from += most) {
      int here = Math.min(most, values.length - from);
      in.readFully(block, 0, here * Float.BYTES);
      ByteBuffer.wrap(block).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values, from, here);
    }
    return values;
  }

  private static TapscopeException unreadable(String found) {
    return TapscopeException.failed(
        "stream-format",
        "The model was to send passes as %s, and %s came. Use the agent and the runtime of one version."
            .formatted(PassOutput.FORMAT, found));
  }
}
