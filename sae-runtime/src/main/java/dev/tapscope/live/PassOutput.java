package dev.tapscope.live;

import dev.tapscope.tap.TapscopeException;
import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Map;

/**
 * The model's end of the socket. Writing waits while the reader is busy. Used by one thread at a
 * time.
 *
 * <p>What is written: {@link #FORMAT}, then for each pass {@link #PASS}, sequence, start, the
 * number of tokens and the tokens, whether they are generated, BOS, the number of addresses and for
 * each its name, width and rows, the number of losses and the losses; then {@link #END}. Numbers
 * are big-endian, rows little-endian float32.
 */
public final class PassOutput implements AutoCloseable {
  static final String FORMAT = "tapscope-stream/1";
  static final int PASS = 'P';
  static final int END = 'E';

  private static final int BLOCK = 1 << 16;

  private final Path socket;
  private final SocketChannel channel;
  private final DataOutputStream out;
  private final byte[] block = new byte[BLOCK];

  private PassOutput(Path socket, SocketChannel channel) {
    this.socket = socket;
    this.channel = channel;
    this.out = new DataOutputStream(new BufferedOutputStream(Channels.newOutputStream(channel)));
  }

  /**
   * Connects to a reader.
   *
   * @throws TapscopeException {@code stream-broken} when nobody reads there
   */
  public static PassOutput to(Path socket) {
    try {
      SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
      try {
        channel.connect(UnixDomainSocketAddress.of(socket));
        PassOutput output = new PassOutput(socket, channel);
        output.out.writeUTF(FORMAT);
        return output;
      } catch (IOException e) {
        channel.close();
        throw e;
      }
    } catch (IOException e) {
      throw broken(socket, e);
    }
  }

  /**
   * @throws TapscopeException {@code stream-broken} when the reader is gone
   */
  public void write(LivePass pass) {
    try {
      out.write(PASS);
      out.writeInt(pass.sequence());
      out.writeInt(pass.start());
      out.writeInt(pass.tokens().length);
      for (int token : pass.tokens()) {
        out.writeInt(token);
      }
      out.writeBoolean(pass.generated());
      out.writeInt(pass.bos());
      out.writeInt(pass.rows().size());
      for (Map.Entry<String, float[]> rows : pass.rows().entrySet()) {
        out.writeUTF(rows.getKey());
        out.writeInt(pass.width(rows.getKey()));
        write(rows.getValue());
      }
      out.writeInt(pass.losses().length);
      for (double loss : pass.losses()) {
        out.writeDouble(loss);
      }
      out.flush();
    } catch (IOException e) {
      throw broken(socket, e);
    }
  }

  private void write(float[] values) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(block).order(ByteOrder.LITTLE_ENDIAN);
    int most = BLOCK / Float.BYTES;
    for (int from = 0; from < values.length; from += most) {
      int count = Math.min(most, values.length - from);
      bytes.asFloatBuffer().put(values, from, count);
      out.write(block, 0, count * Float.BYTES);
    }
  }

  private static TapscopeException broken(Path socket, IOException e) {
    return TapscopeException.failed(
        "stream-broken",
        "The model's rows are to go to %s, and nobody reads there any more (%s). The command that started the model has ended; give that command again."
            .formatted(socket, e.getMessage()),
        e);
  }

  /**
   * Says that the run is over, and closes.
   *
   * @throws TapscopeException {@code stream-broken}
   */
  public void end() {
    try (channel) {
      out.write(END);
      out.flush();
    } catch (IOException e) {
      throw broken(socket, e);
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw broken(socket, e);
    }
  }
}
