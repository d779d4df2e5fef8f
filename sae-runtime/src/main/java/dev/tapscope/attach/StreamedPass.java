package dev.tapscope.attach;

import dev.tapscope.live.LivePass;
import dev.tapscope.live.NextToken;
import dev.tapscope.tap.Activation;
import dev.tapscope.tap.Pass;
import dev.tapscope.tap.TapscopeException;
import java.util.BitSet;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.DoubleStream;

/**
 * What one pass has shown so far, until it is known to end well. Thread-safe: a pass may have
 * several threads.
 */
final class StreamedPass {
  /** The rows of one address, by token of the pass. */
  private static final class Rows {
    private final int width;
    private final float[] values;
    private final BitSet there = new BitSet();

    Rows(int tokens, int width) {
      this.width = width;
      this.values = new float[Math.multiplyExact(tokens, width)];
    }
  }

  final Pass pass;
  private final SortedMap<String, Rows> rows = new TreeMap<>();
  private final double[] losses;
  private final BitSet predicted = new BitSet();
  private Optional<float[]> lastLogits = Optional.empty();

  StreamedPass(Pass pass) {
    this.pass = pass;
    this.losses = new double[pass.rows()];
  }

  /** Copies the rows of one fire. */
  synchronized void keep(Activation activation) {
    for (int r = 0; r < activation.rows(); r++) {
      String address = activation.address().toString();
      int width = activation.width(r);
      Rows own = rows.computeIfAbsent(address, a -> new Rows(pass.rows(), width));
      if (activation.head(r) >= 0 || width != own.width) {
        throw TapscopeException.check(
            "site-ragged",
            "The rows of %s have no fixed width, one for each position, so they can be neither trained on nor measured. Give a site with one row a position, such as res."
                .formatted(address));
      }
      int i = activation.position(r) - pass.start();
      activation.read(r, own.values, i * width);
      own.there.set(i);
    }
  }

  /** Takes the losses of the tokens that follow these rows of logits. */
  synchronized void predict(Activation logits) {
    for (int r = 0; r < logits.rows(); r++) {
      float[] row = new float[logits.width(r)];
      logits.read(r, row);
      int next = logits.position(r) - pass.start() + 1;
      if (next < pass.rows()) {
        predicted(next, row);
      } else {
        lastLogits = Optional.of(row);
      }
    }
  }

  private void predicted(int i, float[] logits) {
    int token = pass.tokens()[i];
    if (token < 0 || token >= logits.length) {
      throw TapscopeException.check(
          "logits-width",
          "The model computed %d logits and goes on with token %d. The loss of a token needs a logit for each; check the profile's sites tokens and logits."
              .formatted(logits.length, token));
    }
    losses[i] = NextToken.loss(logits, token);
    predicted.set(i);
  }

  /** The logits of its last token, which say what the first one of the next pass is. */
  synchronized Optional<float[]> lastLogits() {
    return lastLogits;
  }

  /** Takes the loss of the first token, which the pass before it has predicted. */
  synchronized void predictFirst(float[] logits) {
    predicted(0, logits);
  }

  /**
   * All of it, once the pass has ended.
   *
   * @param withLosses whether losses are wanted
   * @throws TapscopeException {@code site-rows} or {@code logits-missing} when there is not one for
   *     each token
   */
  synchronized LivePass whole(boolean withLosses) {
    SortedMap<String, float[]> values = new TreeMap<>();
    for (Map.Entry<String, Rows> entry : rows.entrySet()) {
      int there = entry.getValue().there.cardinality();
      if (there != pass.rows()) {
        throw TapscopeException.check(
            "site-rows",
            "The site %s showed rows of %d positions in a pass of %d, and one for each was wanted. Leave the site out, or have the model compute it everywhere (gemma2 score does)."
                .formatted(entry.getKey(), there, pass.rows()));
      }
      values.put(entry.getKey(), entry.getValue().values);
    }
    return new LivePass(
        pass.sequence(),
        pass.start(),
        pass.tokens(),
        pass.generated(),
        pass.bos(),
        values,
        withLosses && !pass.generated() ? losses() : new double[0]);
  }

  private double[] losses() {
    int first = pass.start() == 0 ? 1 : 0;
    int there = predicted.cardinality();
    if (there != pass.rows() - first) {
      throw TapscopeException.check(
          "logits-missing",
          "The model computed the logits before %d of %d tokens in %s, and the loss of a text needs them all. Have the command score its documents, or compute all logits (gemma2 score does)."
              .formatted(there, pass.rows() - first, where()));
    }
    return DoubleStream.of(losses).skip(first).toArray();
  }

  private String where() {
    return "text %d from position %d".formatted(pass.sequence(), pass.start());
  }
}
