package gemma2.bench;

import gemma2.model.Gemma2;
import gemma2.model.KvCache;
import gemma2.model.Sampler;
import java.util.Arrays;
import java.util.OptionalLong;

/** The likeliest tokens after a context, one a pass; after each the weights are streamed. */
final class Decoding {

  /** The likeliest token, always. */
  private static final Sampler.Settings GREEDY = new Sampler.Settings(0, 0, 1, 0);

  private final Gemma2 model;
  private final long bytesPerToken;
  private final Ceilings ceilings;
  private final KvCache cache;
  private final Sampler likeliest = new Sampler(GREEDY);

  private float[] logits;
  private int tokens;
  private long nanos;
  private long oneStreamNanos;
  private long fourStreamsNanos;
  private OptionalLong allocated = OptionalLong.of(0);

  /**
   * Computes the context, which is not timed. Its last token comes alone: with it the cache makes
   * the rows that all later tokens get.
   */
  Decoding(Subject subject, Ceilings ceilings, Bench.Settings settings) {
    this.model = subject.model();
    this.bytesPerToken = subject.work().bytesPerToken();
    this.ceilings = ceilings;
    int[] context = subject.randomTokens(settings.context(), settings.seed());
    int positions = context.length + settings.decodeTokens();
    this.cache = new KvCache(model.config(), Math.min(settings.chunk(), context.length), positions);
    int alone = context.length - 1;
    if (alone > 0) {
      Runner.read(model, Arrays.copyOf(context, alone), cache);
    }
    this.logits = Runner.read(model, new int[] {context[alone]}, cache);
  }

  /** Decodes one more token, and streams the weights in both ways. */
  void next() {
    OptionalLong before = ProcessUsage.allocated();
    long started = System.nanoTime();
    int[] token = {likeliest.next(logits)};
    logits = model.forward(token, cache.length(), cache, 1)[0];
    nanos += System.nanoTime() - started;
    OptionalLong after = ProcessUsage.allocated();
    allocated =
        before.isPresent() && after.isPresent() && allocated.isPresent()
            ? OptionalLong.of(allocated.getAsLong() + after.getAsLong() - before.getAsLong())
            : OptionalLong.empty();
    tokens++;
    oneStreamNanos += ceilings.passNanos(1);
    fourStreamsNanos += ceilings.passNanos(4);
    Subject.checkFinite(logits);
  }

  /** Seconds for all tokens so far. */
  double seconds() {
    return nanos / 1e9;
  }

  /** Bytes a second of the faster way to stream. */
  double streamed() {
    double bytes = (double) bytesPerToken * tokens;
    return bytes * 1e9 / Math.min(oneStreamNanos, fourStreamsNanos);
  }

  /** Bytes of Java objects made while decoding, on all threads; empty where it is unknown. */
  OptionalLong allocated() {
    return allocated;
  }
}
