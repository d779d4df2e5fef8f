package gemma2.bench;

import gemma2.math.Workers;
import gemma2.model.Gemma2;
import gemma2.model.KvCache;
import java.util.Arrays;
import java.util.OptionalDouble;

/** What is measured: models on a number of threads, beside what the machine can do with as many. */
public final class Runner {

  private final Subject decoded;
  private final Subject prefilled;
  private final Workers workers;
  private final Ceilings ceilings;

  /**
   * Decodes on one model and computes prompts on another, or the same.
   *
   * @param workers the threads of both models, which the ceilings are measured with
   */
  public Runner(Subject decoded, Subject prefilled, Workers workers) {
    this.decoded = decoded;
    this.prefilled = prefilled;
    this.workers = workers;
    this.ceilings = new Ceilings(workers, decoded.work().weights());
  }

  /** The model that decodes. */
  public Subject decoded() {
    return decoded;
  }

  Subject prefilled() {
    return prefilled;
  }

  int threads() {
    return workers.threads();
  }

  /** How much of the processors the ceilings were given, as {@link Ceilings} has it. */
  OptionalDouble processorShare() {
    return ceilings.processorShare();
  }

  /** Computes a context; what follows it is decoded by {@link Decoding#next}. */
  Decoding decode(Bench.Settings settings) {
    return new Decoding(decoded, ceilings, settings);
  }

  /**
   * What a prompt took.
   *
   * @param fma additions and multiplications a second in registers, before or after it
   * @param seconds for the whole prompt
   */
  record Prefill(double fma, double seconds) {}

  /** Computes a prompt. */
  Prefill prefill(Bench.Settings settings) {
    int[] prompt = prefilled.randomTokens(settings.promptTokens(), settings.seed());
    Gemma2 model = prefilled.model();
    double fmaBefore = ceilings.flopsPerSecond();
    long started = System.nanoTime();
    KvCache cache =
        new KvCache(model.config(), Math.min(settings.chunk(), prompt.length), prompt.length);
    float[] logits = read(model, prompt, cache);
    double seconds = (System.nanoTime() - started) / 1e9;
    double fmaAfter = ceilings.flopsPerSecond();
    Subject.checkFinite(logits);
    return new Prefill(Math.max(fmaBefore, fmaAfter), seconds);
  }

  /** The logits after the last of some tokens, computed chunk by chunk. */
  static float[] read(Gemma2 model, int[] tokens, KvCache cache) {
    float[][] logits = new float[0][];
    for (int start = 0; start < tokens.length; start += cache.chunk()) {
      int end = Math.min(start + cache.chunk(), tokens.length);
      int wanted = end == tokens.length ? 1 : 0;
      logits = model.forward(Arrays.copyOfRange(tokens, start, end), cache.length(), cache, wanted);
    }
    return logits[0];
  }
}
