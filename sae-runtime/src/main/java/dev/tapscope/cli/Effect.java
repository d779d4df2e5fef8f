package dev.tapscope.cli;

import dev.tapscope.recording.RecordedToken;
import dev.tapscope.tap.TapscopeException;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;

/**
 * What an edit did to a generation.
 *
 * @param firstDifference 1-based generated token at which the two first differ; empty when there is
 *     no difference
 * @param meanDivergence mean of {@code KL(default || edited)} in nats over the positions from the
 *     last of the prompt on whose contexts are equal
 * @param positions number of those positions
 * @param before first token of the default run
 * @param after first token of the edited run
 */
record Effect(
    OptionalInt firstDifference,
    double meanDivergence,
    int positions,
    FirstToken before,
    FirstToken after) {

  /**
   * A first generated token and its probability in both runs.
   *
   * @param sampled whether a run shows that the model took it; for a run that shows none, the
   *     likeliest stands for it
   * @param byDefault its probability without the edit
   * @param edited its probability with it
   */
  record FirstToken(int id, String text, boolean sampled, double byDefault, double edited) {}

  static Effect of(Trial plain, Trial edited) {
    List<RecordedToken> a = plain.generated();
    List<RecordedToken> b = edited.generated();
    int shared = Math.min(a.size(), b.size());
    int equal = 0;
    while (equal < shared && a.get(equal).id() == b.get(equal).id()) {
      equal++;
    }
    int first = plain.lastPromptPosition();
    boolean differ =
        equal < shared || a.size() != b.size() || lastDiffers(plain, edited, first + equal);
    double sum = 0;
    int positions = 0;
    for (int position = first; position <= first + equal; position++) {
      if (plain.logits().containsKey(position) && edited.logits().containsKey(position)) {
        sum +=
            LogProbabilities.divergence(
                plain.logits().get(position), edited.logits().get(position));
        positions++;
      }
    }
    return new Effect(
        differ ? OptionalInt.of(equal + 1) : OptionalInt.empty(),
        positions == 0 ? 0 : sum / positions,
        positions,
        firstToken(plain, plain, edited),
        firstToken(edited, plain, edited));
  }

  /**
   * Whether the last token sampled differs, which is never computed again: equal logits give equal
   * tokens, and otherwise only the printed text can tell.
   */
  private static boolean lastDiffers(Trial a, Trial b, int position) {
    return !(a.logits().containsKey(position)
            && b.logits().containsKey(position)
            && sameBits(a.logits().get(position), b.logits().get(position)))
        && !a.output().equals(b.output());
  }

  /** A token and how likely both runs found it after the prompt. */
  static FirstToken watched(WatchedToken token, Trial plain, Trial edited) {
    boolean sampled =
        Stream.of(plain, edited)
            .anyMatch(trial -> trial.sampledFirst().equals(OptionalInt.of(token.id())));
    int vocabulary = plain.logits().get(plain.lastPromptPosition()).length;
    if (token.id() >= vocabulary) {
      throw TapscopeException.usage(
          "token-unknown",
          "There is no token #%d; the model has the tokens 0 to %d. Give one of these."
              .formatted(token.id(), vocabulary - 1));
    }
    FirstToken first = token(token.id(), sampled, plain, edited);
    String text = token.text().orElse(first.text());
    return new FirstToken(first.id(), text, sampled, first.byDefault(), first.edited());
  }

  private static FirstToken firstToken(Trial of, Trial plain, Trial edited) {
    return token(of.firstToken(), of.sampledFirst().isPresent(), plain, edited);
  }

  private static FirstToken token(int id, boolean sampled, Trial plain, Trial edited) {
    int position = plain.lastPromptPosition();
    String text = plain.text(id).startsWith("#") ? edited.text(id) : plain.text(id);
    return new FirstToken(
        id,
        text,
        sampled,
        LogProbabilities.probability(plain.logits().get(position), id),
        LogProbabilities.probability(edited.logits().get(position), id));
  }

  /**
   * Whether two trials computed the same tokens and made the same logits, bit for bit. What they
   * printed, which may hold the time of day, counts only where no generated token was computed.
   */
  static boolean identical(Trial a, Trial b) {
    return ids(a).equals(ids(b))
        && (!a.generated().isEmpty() || a.output().equals(b.output()))
        && a.logits().keySet().equals(b.logits().keySet())
        && a.logits().entrySet().stream()
            .allMatch(row -> sameBits(row.getValue(), b.logits().get(row.getKey())));
  }

  private static List<Integer> ids(Trial trial) {
    return trial.tokens().stream().map(RecordedToken::id).toList();
  }

  private static boolean sameBits(float[] a, float[] b) {
    if (a.length != b.length) {
      return false;
    }
    for (int i = 0; i < a.length; i++) {
      if (Float.floatToRawIntBits(a[i]) != Float.floatToRawIntBits(b[i])) {
        return false;
      }
    }
    return true;
  }
}
