package dev.tapscope.run;

import com.google.common.collect.MapMaker;
import dev.tapscope.profile.Profile;
import dev.tapscope.profile.Site;
import dev.tapscope.tap.Pass;
import java.util.Map;

/**
 * Tells which passes belong to one text. A sequence begins at a cache object not seen before (by
 * identity, held weakly) or when a position does not grow; a model without such an object has one
 * sequence a thread.
 *
 * <p>A pass is generated when the profile taps the sampler and every token of the pass was sampled
 * on its thread since the sequence's last pass. Without that tap it is generated when it has one
 * token and is not the first of its sequence.
 *
 * <p>Thread-safe.
 */
final class Sequences {
  private record Last(int sequence, int position, long thread, long sampled) {}

  private final Map<Object, Last> lastPasses = new MapMaker().weakKeys().makeMap();
  private final int bos;
  private final boolean samplerTapped;
  private int passes;
  private int sequences;

  Sequences(Profile profile) {
    this(
        profile.bos().orElse(-1),
        profile.sites().stream().anyMatch(s -> s.name().equals(Site.SAMPLED)));
  }

  Sequences(int bos, boolean samplerTapped) {
    this.bos = bos;
    this.samplerTapped = samplerTapped;
  }

  /**
   * The next pass.
   *
   * @param key the cache object, or the thread when there is none
   * @param sampled what the current thread has sampled
   */
  synchronized Pass begin(Object key, int start, int[] tokens, Sampled sampled) {
    Last last = lastPasses.get(key);
    boolean fresh = last == null || start <= last.position();
    int sequence = fresh ? sequences++ : last.sequence();
    boolean generated = !fresh && tokens.length > 0 && generated(tokens, last, sampled);
    lastPasses.put(key, new Last(sequence, start + tokens.length - 1, thread(), sampled.count()));
    return new Pass(passes++, sequence, start, tokens.clone(), generated, bos);
  }

  private boolean generated(int[] tokens, Last last, Sampled sampled) {
    if (!samplerTapped) {
      return tokens.length == 1;
    }
    long since = last.thread() == thread() ? last.sampled() : 0;
    for (int token : tokens) {
      if (!sampled.contains(token, since)) {
        return false;
      }
    }
    return true;
  }

  /** By number: a thread that is a key here, and has ended, must not be held by its own value. */
  private static long thread() {
    return Thread.currentThread().getId();
  }

  /** Index the next pass will have. */
  synchronized int nextPass() {
    return passes;
  }

  /** Number of sequences begun. */
  synchronized int count() {
    return sequences;
  }
}
