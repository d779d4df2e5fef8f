package dev.tapscope.cli;

import dev.tapscope.live.LivePass;
import dev.tapscope.live.PassInput;
import dev.tapscope.live.Passes;
import dev.tapscope.tap.TapscopeException;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channel;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/**
 * A run of a model's command whose passes are read while it computes. What the model says is shown
 * when it fails. {@link #stop} may be called by another thread; all else by one.
 */
final class TappedStream implements Passes {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final String what;
  private final Screen screen;
  private final RunPlace place;
  private final Path socket;
  private final ServerSocketChannel server;
  private final Tail said = new Tail();
  private final CompletableFuture<TappedProcess.Outcome> outcome = new CompletableFuture<>();
  private final CompletableFuture<ProcessHandle> process = new CompletableFuture<>();
  private volatile Optional<SocketChannel> channel = Optional.empty();
  private Optional<PassInput> input = Optional.empty();
  private final Runnable ending = this::stop;
  private boolean heard;
  private volatile boolean stopped;

  private TappedStream(
      String what, Screen screen, RunPlace place, Path socket, ServerSocketChannel server) {
    this.what = what;
    this.screen = screen;
    this.place = place;
    this.socket = socket;
    this.server = server;
  }

  /**
   * Starts the command.
   *
   * @param what is computed, for the sentence that says it could not be: {@code Piece 3}
   * @param options of the agent; where the passes go is added
   * @throws TapscopeException {@code stream-unmakable}
   */
  static TappedStream start(
      String what, List<String> command, AgentOptions options, Places places, Screen screen) {
    RunPlace place = RunPlace.temporary();
    Path socket = place.folder().resolveSibling("passes");
    try {
      ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      server.bind(UnixDomainSocketAddress.of(socket));
      TappedStream stream = new TappedStream(what, screen, place, socket, server);
      options.set("stream.to", socket.toString());
      Thread.ofPlatform()
          .daemon()
          .name("tapscope-model")
          .start(() -> stream.run(command, options, places));
      return stream;
    } catch (IOException e) {
      place.close();
      throw TapscopeException.failed(
          "stream-unmakable",
          "No socket for the model's rows can be made at %s: %s. Set java.io.tmpdir to a folder with a short name that may be written to."
              .formatted(socket, e.getMessage()),
          e);
    }
  }

  private void run(List<String> command, AgentOptions options, Places places) {
    try {
      outcome.complete(
          new TappedProcess(places, screen.quiet(said))
              .run(command, options, OutputStream.nullOutputStream(), process::complete));
    } catch (RuntimeException | Error e) {
      outcome.completeExceptionally(e);
    } finally {
      call();
    }
  }

  /** Calls as the model would, after it if it has called: then nobody waits for it any more. */
  private void call() {
    try {
      SocketChannel.open(UnixDomainSocketAddress.of(socket)).close();
    } catch (IOException e) {
      // The model has been heard: nobody waits.
    }
  }

  @Override
  public Optional<LivePass> next() {
    if (stopped) {
      throw broken(new ClosedChannelException()); // what has come already is not wanted
    }
    try {
      if (input.isEmpty()) {
        connect();
      }
      Optional<LivePass> pass = input.orElseThrow().next();
      heard = true;
      if (pass.isEmpty()) {
        ended();
      }
      return pass;
    } catch (IOException e) {
      if (!stopped) {
        ended(); // which says more, if the model has failed
      }
      throw broken(e);
    }
  }

  private void connect() throws IOException {
    SocketChannel accepted = server.accept();
    close(server);
    Ending.add(ending); // before the model is asked to end, which waits while it writes
    channel = Optional.of(accepted);
    input = Optional.of(new PassInput(Channels.newInputStream(accepted)));
    if (stopped) {
      accepted.close();
    }
  }

  /** Waits for the end of the command, which must be a good one. */
  private void ended() {
    try {
      outcome.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof TapscopeException failed) {
        screen.err().print(said.text());
        throw TappedProcess.failure(
            failed.exit(),
            "model-stopped",
            "%s could not be computed. %s".formatted(what, failed.getMessage()));
      }
      throw e;
    }
  }

  private TapscopeException broken(IOException e) {
    if (stopped) {
      return TapscopeException.failed(
          "stopped", "%s was not computed to its end: it was stopped.".formatted(what), e);
    }
    screen.err().print(said.text());
    if (!heard) {
      return TapscopeException.failed(
          "model-silent",
          "%s could not be computed: the command ended well, and no Java in it computed a pass. Give a command that runs a model of the profile on {corpus}; the agent reaches it through JAVA_TOOL_OPTIONS."
              .formatted(what),
          e);
    }
    return TapscopeException.failed(
        "stream-broken",
        "%s could not be computed: its rows broke off (%s), though the command ended well. Run it again; one that ends its JVM by halt must not."
            .formatted(what, e instanceof EOFException ? "end of the stream" : e.getMessage()),
        e);
  }

  /** Has {@link #next} end with an error, now or later. */
  void stop() {
    stopped = true;
    close(server);
    channel.ifPresent(this::close);
  }

  @Override
  public void close() {
    Ending.remove(ending);
    stop();
    process.thenAccept(TappedStream::end);
    try {
      outcome.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      process.thenAccept(model -> family(model).forEach(ProcessHandle::destroyForcibly));
    } catch (ExecutionException e) {
      // The command was ended, by us or by itself: how is told by next().
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    place.close();
  }

  private static void end(ProcessHandle model) {
    family(model).forEach(ProcessHandle::destroy);
  }

  /** The command, and what it has started. */
  private static List<ProcessHandle> family(ProcessHandle model) {
    return Stream.concat(model.descendants(), Stream.of(model)).toList();
  }

  private void close(Channel one) {
    try {
      one.close();
    } catch (IOException e) {
      screen.say("tapscope: a socket could not be closed: " + e.getMessage());
    }
  }
}
