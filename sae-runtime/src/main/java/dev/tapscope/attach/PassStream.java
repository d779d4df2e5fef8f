package dev.tapscope.attach;

import dev.tapscope.live.PassOutput;
import dev.tapscope.tap.Activation;
import dev.tapscope.tap.Hook;
import dev.tapscope.tap.Pass;
import dev.tapscope.tap.Phase;
import dev.tapscope.tap.Run;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;

/**
 * Sends each pass that ends well, with its rows as the model goes on with them, to a process that
 * reads them: the model waits while that is busy. Losses are computed here, so that logits stay in
 * the model's JVM. The reader is not called before there is a pass, so that of several JVMs that a
 * command starts the one that computes is heard. Thread-safe; passes are sent one at a time.
 */
final class PassStream {
  private static final String LOGITS = "logits";

  /** What was said of the token that comes next in a text. */
  private record Foretold(int sequence, int position, float[] logits) {}

  private final StreamOption option;
  private final Map<Integer, StreamedPass> passes = new ConcurrentHashMap<>();
  private Optional<PassOutput> output = Optional.empty();
  private Optional<Foretold> foretold = Optional.empty();

  private PassStream(StreamOption option) {
    this.option = option;
  }

  static void attach(Run run, StreamOption option) {
    PassStream stream = new PassStream(option);
    run.onPassBegin(stream::begin);
    option
        .sites()
        .ifPresent(sites -> run.on(sites, Phase.READ_AFTER, stream.to(StreamedPass::keep)));
    if (option.losses()) {
      run.on(LOGITS, Phase.READ_AFTER, stream.to(StreamedPass::predict));
    }
    run.onPassEnd(stream::send);
    run.onClose(stream::end);
  }

  private Hook to(BiConsumer<StreamedPass, Activation> taker) {
    return activation ->
        Optional.ofNullable(passes.get(activation.pass().index()))
            .ifPresent(pass -> taker.accept(pass, activation));
  }

  /** Begins a pass, and forgets those of its text that never ended: the model failed in them. */
  private void begin(Pass pass) {
    passes
        .values()
        .removeIf(earlier ->
            earlier.pass.sequence() == pass.sequence() && earlier.pass.index() < pass.index());
    passes.put(pass.index(), new StreamedPass(pass));
  }

  private synchronized void send(Pass pass) {
    StreamedPass ended = passes.remove(pass.index());
    if (ended == null) {
      return; // attached in the middle of it
    }
    foretold
        .filter(f -> f.sequence == pass.sequence() && f.position == pass.start())
        .ifPresent(f -> ended.predictFirst(f.logits));
    foretold =
        ended
            .lastLogits()
            .map(logits -> new Foretold(pass.sequence(), pass.start() + pass.rows(), logits));
    if (output.isEmpty()) {
      output = Optional.of(PassOutput.to(option.socket()));
    }
    output.get().write(ended.whole(option.losses()));
  }

  private synchronized void end() {
    output.ifPresent(PassOutput::end);
  }
}
