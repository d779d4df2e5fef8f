package dev.tapscope.attach;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.live.LivePass;
import dev.tapscope.live.PassInput;
import dev.tapscope.tap.Pass;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Passes of a model that is the test, through a real socket. */
class PassStreamTest {
  private static final int BOS = 2;

  @TempDir private Path folder;

  private final FakeRun run = new FakeRun(Map.of());
  private ServerSocketChannel server;
  private Optional<PassInput> input = Optional.empty();

  @BeforeEach
  void listen() throws IOException {
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket()));
  }

  @AfterEach
  void close() throws IOException {
    server.close();
  }

  private Path socket() {
    return folder.resolve("passes");
  }

  private void install(String... options) {
    Map<String, String> all = new LinkedHashMap<>(Map.of("stream.to", socket().toString()));
    for (int i = 0; i < options.length; i += 2) {
      all.put(options[i], options[i + 1]);
    }
    new SaeExtension(new PrintStream(OutputStream.nullOutputStream())).install(run, all);
  }

  private Optional<LivePass> received() throws IOException {
    if (input.isEmpty()) {
      input = Optional.of(new PassInput(Channels.newInputStream(server.accept())));
    }
    return input.get().next();
  }

  private static Pass pass(int index, int sequence, int start, int... tokens) {
    return new Pass(index, sequence, start, tokens, false, BOS);
  }

  /** In two fires, the second first, as worker threads may. */
  @Test
  void rowsComeByTokenWhateverTheOrderTheyWereShownIn() throws IOException {
    install("stream", "res.3");
    Pass pass = pass(4, 1, 5, 10, 11, 12);
    run.begin(pass);
    run.fire(pass, "res.3", 6, new float[][] {{3, 4}, {5, 6}});
    run.fire(pass, "res.3", 5, new float[][] {{1, 2}});
    run.end(pass);
    run.close();
    LivePass received = received().orElseThrow();
    assertEquals(1, received.sequence());
    assertEquals(5, received.start());
    assertEquals(BOS, received.bos());
    assertArrayEquals(new int[] {10, 11, 12}, received.tokens());
    assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, received.rows().get("res.3"));
    assertEquals(2, received.width("res.3"));
    assertEquals(0, received.losses().length);
    assertEquals(Optional.empty(), received());
  }

  /** More values than a block of the socket's, and every bit of them. */
  @Test
  void longRowsArriveBitForBit() throws IOException {
    install("stream", "res.3");
    float[][] rows = new float[3][30_011];
    for (int i = 0; i < rows.length; i++) {
      for (int j = 0; j < rows[i].length; j++) {
        rows[i][j] = Float.intBitsToFloat(0x3f000000 + 7919 * (i * rows[i].length + j));
      }
    }
    Thread model = Thread.ofVirtual().start(() -> run.pass(pass(0, 0, 0, 2, 3, 4), "res.3", rows));
    float[] received = received().orElseThrow().rows().get("res.3");
    for (int i = 0; i < rows.length; i++) {
      for (int j = 0; j < rows[i].length; j++) {
        assertEquals(
            Float.floatToRawIntBits(rows[i][j]),
            Float.floatToRawIntBits(received[i * rows[i].length + j]));
      }
    }
    assertEquals(true, join(model));
  }

  private static boolean join(Thread thread) {
    try {
      thread.join();
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /**
   * Logits of three tokens, two of them equal: {@code log(2 + e)} for either of the two. A pass
   * that goes on where another ended has its first token predicted by that one's last.
   */
  @Test
  void lossesAreOfEveryTokenThatSomethingStandsBefore() throws IOException {
    install("stream.losses", "true");
    float[][] logits = {{0, 0, 1}, {0, 0, 1}, {0, 0, 1}};
    run.pass(pass(0, 0, 0, 2, 0, 1), "logits", logits);
    run.pass(pass(1, 0, 3, 2), "logits", new float[][] {{1, 2, 3}});
    run.pass(pass(2, 1, 0, 2), "logits", new float[][] {{1, 2, 3}});
    run.pass(new Pass(3, 1, 1, new int[] {0}, true, BOS), "logits", new float[][] {{0, 0, 0}});
    run.close();
    double other = Math.log(2 + Math.E);
    assertArrayEquals(new double[] {other, other}, received().orElseThrow().losses(), 1e-15);
    assertArrayEquals(new double[] {other - 1}, received().orElseThrow().losses(), 1e-15);
    assertEquals(0, received().orElseThrow().losses().length, "the first of a text");
    assertEquals(0, received().orElseThrow().losses().length, "what the model wrote itself");
  }

  @Test
  void whatCannotBeSentIsSaid() {
    install("stream", "res.3", "stream.losses", "true");
    refused("site-rows", pass(0, 0, 0, 2, 5, 6), "res.3", new float[][] {{1}, {2}});
    refused("logits-missing", pass(1, 1, 0, 0, 1, 0), "logits", new float[][] {{1, 2}});
    refused("site-ragged", pass(2, 2, 0, 2, 5), "res.3", new float[][] {{1}, {2, 3}});
    refused("logits-width", pass(3, 3, 0, 2, 5), "logits", new float[][] {{1, 2}, {2, 3}});
    // The pass before had no logits of its last token, and they are not another text's.
    refused("logits-missing", pass(4, 4, 1, 5), "res.3", new float[][] {{1}});
  }

  private void refused(String id, Pass pass, String site, float[][] rows) {
    TapscopeException e =
        assertThrows(TapscopeException.class, () -> run.pass(pass, site, rows), id);
    assertEquals(id, e.id(), e.getMessage());
    assertEquals(TapscopeException.CHECK, e.exit());
  }

  @Test
  void aReaderThatIsGoneEndsTheModel() throws IOException {
    install("stream", "res.3");
    run.pass(pass(0, 0, 0, 2), "res.3", new float[][] {{1}});
    server.accept().close();
    TapscopeException e =
        assertThrows(
            TapscopeException.class,
            () -> run.pass(pass(1, 1, 0, 2), "res.3", new float[][] {{1}}));
    assertEquals("stream-broken", e.id());
    assertTrue(e.getMessage().contains("nobody reads there any more"), e.getMessage());
  }

  /** A JVM that computes nothing, such as one that only tells its version, is not heard. */
  @Test
  void nobodyIsCalledBeforeThereIsAPass() throws IOException {
    server.configureBlocking(false);
    install("stream", "res.3");
    run.close();
    assertEquals(null, server.accept());
  }
}
