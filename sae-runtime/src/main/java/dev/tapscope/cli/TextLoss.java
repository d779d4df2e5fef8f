package dev.tapscope.cli;

import dev.tapscope.live.LivePass;
import dev.tapscope.tap.TapscopeException;

/** The mean loss of the tokens of a corpus, in nats: all but the first of each text. */
final class TextLoss {
  private long tokens;
  private double sum;

  void add(LivePass pass) {
    for (double loss : pass.losses()) {
      sum += loss;
      tokens++;
    }
  }

  /** Number of tokens that were predicted. */
  long tokens() {
    return tokens;
  }

  /**
   * Their mean loss.
   *
   * @throws TapscopeException {@code loss-empty}
   */
  double mean() {
    if (tokens == 0) {
      throw TapscopeException.failed(
          "loss-empty",
          "The model computed no token of the corpus that stands after another one, so there is no"
              + " loss. Give documents of two tokens or more.");
    }
    return sum / tokens;
  }
}
