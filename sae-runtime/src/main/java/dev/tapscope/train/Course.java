package dev.tapscope.train;

import dev.tapscope.tap.TapscopeException;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The run through the data that all SAEs of one training share.
 *
 * @param batch rows of a step
 * @param steps number of steps
 * @param seed of the order of the rows
 * @param normalise whether rows are scaled to a mean square norm of 1
 * @param buffer rows that are shuffled together
 * @param deadAfter rows without firing after which a feature counts as dead
 * @param logEvery steps from one line of metrics to the next
 */
public record Course(
    int batch,
    long steps,
    long seed,
    boolean normalise,
    int buffer,
    long deadAfter,
    long logEvery) {
  /**
   * @throws TapscopeException {@code recipe-missing} or {@code recipe-value}
   */
  public static Course of(Words words) {
    int batch = (int) words.whole(Word.BATCH, 1, 1 << 24);
    return new Course(
        batch,
        steps(words, batch),
        words.whole(Word.SEED, Long.MIN_VALUE, Long.MAX_VALUE),
        words.yes(Word.NORMALISE),
        (int) words.whole(Word.BUFFER, 1, 1 << 30),
        words.whole(Word.DEAD_AFTER, 1, Long.MAX_VALUE),
        words.whole(Word.LOG_EVERY, 1, Long.MAX_VALUE));
  }

  private static long steps(Words words, int batch) {
    if (words.has(Word.STEPS) && words.has(Word.TOKENS)) {
      throw TapscopeException.usage(
          "recipe-value",
          "The recipe says both steps=%s and tokens=%s. Give one of them."
              .formatted(words.text(Word.STEPS), words.text(Word.TOKENS)));
    }
    long most = Long.MAX_VALUE / batch - 1;
    if (words.has(Word.TOKENS)) {
      return Math.ceilDiv(words.whole(Word.TOKENS, 1, most), batch);
    }
    return words.whole(Word.STEPS, 1, most);
  }

  /** Whether a step, counted from 0, has a line in the metrics; the first and the last one have. */
  boolean logs(long step) {
    return step % logEvery == 0 || step == steps - 1;
  }

  /** The same in words. */
  public Map<String, String> spelled() {
    Map<String, String> spelled = new LinkedHashMap<>();
    spelled.put(Word.BATCH.spelling(), Integer.toString(batch));
    spelled.put(Word.STEPS.spelling(), Long.toString(steps));
    spelled.put(Word.SEED.spelling(), Long.toString(seed));
    spelled.put(Word.NORMALISE.spelling(), Words.yesNo(normalise));
    spelled.put(Word.BUFFER.spelling(), Integer.toString(buffer));
    spelled.put(Word.DEAD_AFTER.spelling(), Long.toString(deadAfter));
    spelled.put(Word.LOG_EVERY.spelling(), Long.toString(logEvery));
    return spelled;
  }
}
