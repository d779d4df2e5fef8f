package gemma2.model;

import java.util.Arrays;

/**
 * The loss of every token of a text, given those before it. A text longer than the window is scored
 * in windows that overlap, each token in the first window that holds it; when the text begins with
 * BOS, so does every window.
 */
public final class Scorer {

  private final Gemma2 model;
  private final int window;
  private final int stride;
  private final int chunk;

  /**
   * Losses in nats.
   *
   * @param losses of every token but the first, which has nothing before it
   * @param windows how many windows were needed
   */
  public record Score(double[] losses, int windows) {

    /** The mean loss. */
    public double mean() {
      return Arrays.stream(losses).average().orElseThrow();
    }
  }

  /**
   * Scores in windows.
   *
   * @param window tokens in a window, at least two and at most the context
   * @param stride tokens from one window to the next, below {@code window}
   * @param chunk positions that are computed at once
   */
  public Scorer(Gemma2 model, int window, int stride, int chunk) {
    if (window < 2 || window > model.config().contextLength() || stride < 1 || stride >= window) {
      throw new IllegalArgumentException(
          "A window of %d and a stride of %d do not cover a text.".formatted(window, stride));
    }
    this.model = model;
    this.window = window;
    this.stride = stride;
    this.chunk = chunk;
  }

  /** The losses of at least two tokens. */
  public Score score(int[] ids) {
    double[] losses = new double[ids.length - 1];
    int prefix = ids[0] == model.config().bos() ? 1 : 0;
    int scored = 1;
    int windows = 0;
    for (int begin = prefix; scored < ids.length; begin += stride) {
      int end = Math.min(ids.length, begin + window - prefix);
      int[] tokens = Arrays.copyOfRange(ids, begin - prefix, end);
      if (prefix == 1) {
        tokens[0] = ids[0];
      }
      double[] inWindow = losses(tokens, scored - begin + prefix);
      System.arraycopy(inWindow, 0, losses, scored - 1, inWindow.length);
      scored = end;
      windows++;
    }
    return new Score(losses, windows);
  }

  /**
   * The losses of {@code tokens[first]} and all after it. Logits are computed from the token before
   * it on; those after the last token, which nothing follows, only where they come with others.
   */
  private double[] losses(int[] tokens, int first) {
    double[] losses = new double[tokens.length - first];
    KvCache cache = new KvCache(model.config(), Math.min(chunk, tokens.length), tokens.length);
    for (int start = 0; start < tokens.length; start += cache.chunk()) {
      int end = Math.min(start + cache.chunk(), tokens.length);
      int from = start == tokens.length - 1 ? end : Math.clamp(first - 1, start, end);
      float[][] logits =
          model.forward(Arrays.copyOfRange(tokens, start, end), start, cache, end - from);
      for (int next = from + 1; next <= Math.min(end, tokens.length - 1); next++) {
        losses[next - first] = -Likelihood.log(logits[next - 1 - from], tokens[next]);
      }
    }
    return losses;
  }
}
