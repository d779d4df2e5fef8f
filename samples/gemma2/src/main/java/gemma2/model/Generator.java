package gemma2.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/** Continues a prompt token by token. */
public final class Generator {

  private final Gemma2 model;
  private final Settings settings;

  /**
   * How to generate.
   *
   * @param most most tokens to generate
   * @param chunk positions of the prompt that are computed at once
   * @param stop ids that end the text
   * @param allLogits whether logits of every prompt position are computed, not just those after the
   *     last, which are left out too when nothing is to be generated
   */
  public record Settings(int most, int chunk, Set<Integer> stop, boolean allLogits) {

    public Settings {
      stop = Set.copyOf(stop);
    }
  }

  /** A generated token and the natural logarithm of its probability. */
  public record Step(int id, double logProbability) {}

  /** Why a text ended. */
  public enum Finish {
    /** A token that ends the text was generated; it is the last step. */
    EOS,
    /** As many tokens as were asked for. */
    LENGTH,
    /** The context is full. */
    CONTEXT
  }

  /** What was generated, and the time it took in nanoseconds. */
  public record Result(List<Step> steps, Finish finish, long prefillNanos, long decodeNanos) {

    public Result {
      steps = List.copyOf(steps);
    }

    /** The ids generated. */
    public int[] ids() {
      return steps.stream().mapToInt(Step::id).toArray();
    }
  }

  public Generator(Gemma2 model, Settings settings) {
    this.model = model;
    this.settings = settings;
  }

  /**
   * Generates after {@code prompt}, which must not be empty nor longer than the context.
   *
   * @param each is told of every step as it is made
   */
  public Result generate(int[] prompt, Sampler sampler, Consumer<Step> each) {
    long started = System.nanoTime();
    int most =
        (int) Math.min((long) prompt.length + settings.most(), model.config().contextLength());
    KvCache cache = new KvCache(model.config(), Math.min(settings.chunk(), prompt.length), most);
    float[] logits = prefill(prompt, cache);
    long prefilled = System.nanoTime();
    List<Step> steps = new ArrayList<>();
    Finish finish = Finish.LENGTH;
    while (steps.size() < settings.most()) {
      int id = sampler.next(logits);
      Step step = new Step(id, Likelihood.log(logits, id));
      steps.add(step);
      each.accept(step);
      if (settings.stop().contains(id)) {
        finish = Finish.EOS;
        break;
      }
      if (steps.size() < settings.most()) {
        if (cache.length() == model.config().contextLength()) {
          finish = Finish.CONTEXT;
          break;
        }
        logits = model.forward(new int[] {id}, cache.length(), cache, 1)[0];
      }
    }
    return new Result(steps, finish, prefilled - started, System.nanoTime() - prefilled);
  }

  /** The logits after the last token of the prompt, if any are needed. */
  private float[] prefill(int[] prompt, KvCache cache) {
    int atEnd = settings.most() > 0 ? 1 : 0;
    float[][] logits = new float[0][];
    for (int start = 0; start < prompt.length; start += cache.chunk()) {
      int end = Math.min(start + cache.chunk(), prompt.length);
      int wanted = settings.allLogits() ? end - start : end == prompt.length ? atEnd : 0;
      logits = model.forward(Arrays.copyOfRange(prompt, start, end), start, cache, wanted);
    }
    return logits.length == 0 ? new float[0] : logits[logits.length - 1];
  }
}
