package gemma2.bench;

import gemma2.math.Workers;
import gemma2.model.Gemma2;
import gemma2.model.KvCache;
import gemma2.model.Sampler;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Consumer;

/**
 * Measures what a model takes beside what the machine can do. In every round tokens and passes over
 * the weights take turns, so that what else the machine does slows both; the ceiling of arithmetic
 * is read before and after a prompt is computed, and the higher reading counts. A round is compared
 * with its own ceilings only.
 */
public final class Bench {

  /** The likeliest token, always. */
  private static final Sampler.Settings GREEDY = new Sampler.Settings(0, 0, 1, 0);

  private final Subject decoded;
  private final Subject prefilled;
  private final Settings settings;
  private final Ceilings ceilings;

  /**
   * How to measure.
   *
   * @param promptTokens tokens of the prompt that is computed
   * @param decodeTokens tokens that are decoded, one a pass
   * @param context tokens that are there before them
   * @param chunk positions of a prompt that are computed at once
   * @param rounds rounds that count; one more, for the JIT compiler, goes before them
   * @param seed of the tokens
   */
  public record Settings(
      int promptTokens, int decodeTokens, int context, int chunk, int rounds, long seed) {}

  /**
   * What one round gave.
   *
   * @param streamed bytes a second of a streaming read of the weights
   * @param decode seconds for all decoded tokens
   * @param allocated bytes of Java objects made meanwhile
   * @param fma additions and multiplications a second in registers
   * @param prefill seconds for the whole prompt
   */
  record Round(
      double streamed, double decode, OptionalLong allocated, double fma, double prefill) {}

  /**
   * A bench of decoding on one model and of prompts on another, or the same.
   *
   * @param workers the threads of both models, which the ceilings are measured with
   */
  public Bench(Subject decoded, Subject prefilled, Workers workers, Settings settings) {
    this.decoded = decoded;
    this.prefilled = prefilled;
    this.settings = settings;
    this.ceilings = new Ceilings(workers, decoded.work().weights());
  }

  /** Measures; {@code progress} is told what goes on. */
  public Report run(Consumer<String> progress) {
    progress.accept("A round to warm up, which does not count.");
    round();
    List<Round> rounds = new ArrayList<>();
    for (int i = 1; i <= settings.rounds(); i++) {
      Round round = round();
      rounds.add(round);
      progress.accept(
          "Round %d of %d: decoding took %.2f s, the prompt %.2f s."
              .formatted(i, settings.rounds(), round.decode(), round.prefill()));
    }
    return new Report(
        decoded,
        prefilled,
        settings,
        rounds,
        ProcessUsage.peakResident(),
        ceilings.processorShare());
  }

  private Round round() {
    Decoding decoding = decode();
    double fmaBefore = ceilings.flopsPerSecond();
    double prefill = prefill();
    double fmaAfter = ceilings.flopsPerSecond();
    return new Round(
        decoding.streamed(),
        decoding.seconds(),
        decoding.allocated(),
        Math.max(fmaBefore, fmaAfter),
        prefill);
  }

  private record Decoding(double streamed, double seconds, OptionalLong allocated) {}

  /**
   * Decodes the likeliest tokens after a context, which is not timed. Its last token comes alone:
   * with it the cache makes the rows that all later tokens get. After each token the weights are
   * streamed both ways.
   */
  private Decoding decode() {
    Gemma2 model = decoded.model();
    Sampler likeliest = new Sampler(GREEDY);
    int[] context = decoded.randomTokens(settings.context(), settings.seed());
    int positions = context.length + settings.decodeTokens();
    KvCache cache =
        new KvCache(model.config(), Math.min(settings.chunk(), context.length), positions);
    int alone = context.length - 1;
    if (alone > 0) {
      read(model, Arrays.copyOf(context, alone), cache);
    }
    float[] logits = read(model, new int[] {context[alone]}, cache);
    long decodeNanos = 0;
    long oneStreamNanos = 0;
    long fourStreamsNanos = 0;
    OptionalLong allocated = OptionalLong.of(0);
    for (int i = 0; i < settings.decodeTokens(); i++) {
      OptionalLong before = ProcessUsage.allocated();
      long started = System.nanoTime();
      int[] token = {likeliest.next(logits)};
      logits = model.forward(token, cache.length(), cache, 1)[0];
      decodeNanos += System.nanoTime() - started;
      OptionalLong after = ProcessUsage.allocated();
      allocated =
          before.isPresent() && after.isPresent() && allocated.isPresent()
              ? OptionalLong.of(allocated.getAsLong() + after.getAsLong() - before.getAsLong())
              : OptionalLong.empty();
      oneStreamNanos += ceilings.passNanos(1);
      fourStreamsNanos += ceilings.passNanos(4);
    }
    Subject.checkFinite(logits);
    double streamed = (double) decoded.work().bytesPerToken() * settings.decodeTokens();
    return new Decoding(
        streamed * 1e9 / Math.min(oneStreamNanos, fourStreamsNanos), decodeNanos / 1e9, allocated);
  }

  private double prefill() {
    int[] prompt = prefilled.randomTokens(settings.promptTokens(), settings.seed());
    Gemma2 model = prefilled.model();
    long started = System.nanoTime();
    KvCache cache =
        new KvCache(model.config(), Math.min(settings.chunk(), prompt.length), prompt.length);
    float[] logits = read(model, prompt, cache);
    double seconds = (System.nanoTime() - started) / 1e9;
    Subject.checkFinite(logits);
    return seconds;
  }

  /** The logits after the last of some tokens, computed chunk by chunk. */
  private static float[] read(Gemma2 model, int[] tokens, KvCache cache) {
    float[][] logits = new float[0][];
    for (int start = 0; start < tokens.length; start += cache.chunk()) {
      int end = Math.min(start + cache.chunk(), tokens.length);
      int wanted = end == tokens.length ? 1 : 0;
      logits = model.forward(Arrays.copyOfRange(tokens, start, end), cache.length(), cache, wanted);
    }
    return logits[0];
  }
}
