package dev.tapscope.train;

import static dev.tapscope.train.Words.yesNo;

import dev.tapscope.cuda.Precision;
import dev.tapscope.step.Adam;
import dev.tapscope.step.Method;
import dev.tapscope.step.Sparsity;
import dev.tapscope.step.ThresholdForm;
import dev.tapscope.tap.TapscopeException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;

/**
 * How one SAE or transcoder is trained. Unless told otherwise it is Gemma Scope's recipe, arXiv
 * 2408.05147, section 3.
 *
 * @param site address of its rows in the store; {@code in>out} for a transcoder
 * @param width number of features
 * @param lambda coefficient of the sparsity term, once warm
 * @param lambdaWarmUp steps over which the coefficient grows from 0, linearly
 * @param threshold where every threshold begins
 * @param learningRate of Adam, once warm
 * @param rateWarmUp steps over which the learning rate grows from a tenth, along a half cosine
 * @param rateDecay last share of all steps over which the learning rate falls to 0, linearly
 * @param bias where {@code b_dec} begins
 * @param resampleEvery steps from one {@link Resampling} of dead features to the next; none by
 *     default
 * @param seed of the first weights, and of what is drawn in resampling
 */
public record Recipe(
    String site,
    int width,
    double lambda,
    long lambdaWarmUp,
    double threshold,
    double learningRate,
    long rateWarmUp,
    double rateDecay,
    FirstBias bias,
    OptionalLong resampleEvery,
    long seed,
    Method method) {
  private static final Set<String> FORMS = Set.of("l0", "target-l0", "tanh");

  /** Where {@code b_dec} begins. */
  public enum FirstBias {
    ZERO,
    /** The mean of the rows that are to be reconstructed. */
    MEAN
  }

  /**
   * @throws TapscopeException {@code recipe-missing} or {@code recipe-value}
   */
  public static Recipe of(Words words) {
    String site = words.text(Word.SITE);
    boolean transcoder = site.contains(">");
    return new Recipe(
        site,
        (int) words.whole(Word.WIDTH, 1, 1 << 26),
        words.number(Word.LAMBDA, value -> value >= 0, "a number of at least 0"),
        words.whole(Word.LAMBDA_WARMUP, 0, Long.MAX_VALUE),
        words.positive(Word.THRESHOLD),
        words.positive(Word.LR),
        words.whole(Word.LR_WARMUP, 0, Long.MAX_VALUE),
        words.number(Word.LR_DECAY, value -> value >= 0 && value <= 1, "a share from 0 to 1"),
        words.name(Word.BIAS, Set.of("zero", "mean")::contains, "zero or mean").equals("mean")
            ? FirstBias.MEAN
            : FirstBias.ZERO,
        words.text(Word.RESAMPLE_EVERY).equals("none")
            ? OptionalLong.empty()
            : OptionalLong.of(words.whole(Word.RESAMPLE_EVERY, 1, Long.MAX_VALUE)),
        words.whole(Word.SEED, Long.MIN_VALUE, Long.MAX_VALUE),
        new Method(
            sparsity(words),
            words.positive(Word.BANDWIDTH),
            preBias(words, transcoder),
            words.yes(Word.RELU_FIRST),
            words
                    .name(Word.THRESHOLD_FORM, Set.of("log", "direct")::contains, "log or direct")
                    .equals("log")
                ? ThresholdForm.LOG
                : ThresholdForm.DIRECT,
            true,
            new Adam(
                beta(words, Word.BETA1), beta(words, Word.BETA2), words.positive(Word.EPSILON)),
            words.text(Word.CLIP).equals("none")
                ? OptionalDouble.empty()
                : OptionalDouble.of(words.positive(Word.CLIP)),
            precision(words)));
  }

  private static Sparsity sparsity(Words words) {
    String form = words.name(Word.SPARSITY, FORMS::contains, "l0, target-l0 or tanh");
    return switch (form) {
      case "l0" -> new Sparsity.L0();
      case "target-l0" -> new Sparsity.TargetL0(words.positive(Word.TARGET));
      default -> new Sparsity.Tanh(words.positive(Word.TANH_SCALE));
    };
  }

  private static Precision precision(Words words) {
    String name = words.name(Word.PRECISION, Set.of("exact", "fast")::contains, "exact or fast");
    return name.equals("fast") ? Precision.FAST : Precision.EXACT;
  }

  private static boolean preBias(Words words, boolean transcoder) {
    if (!words.has(Word.PRE_BIAS)) {
      return !transcoder;
    }
    boolean wanted = words.yes(Word.PRE_BIAS);
    if (wanted && transcoder) {
      throw TapscopeException.usage(
          "recipe-value",
          "The recipe says pre-bias=yes, but site=%s is a transcoder's, whose b_dec belongs to another site than its input. Leave pre-bias away."
              .formatted(words.text(Word.SITE)));
    }
    return wanted;
  }

  private static double beta(Words words, Word word) {
    return words.number(word, value -> value >= 0 && value < 1, "a number from 0 to below 1");
  }

  /** Whether it encodes one site and reconstructs another. */
  public boolean transcoder() {
    return site.contains(">");
  }

  /** Its precision, as it is written: {@code exact} or {@code fast}. */
  public String precisionWord() {
    return method.precision().name().toLowerCase(Locale.ROOT);
  }

  /** The same recipe in words: {@code Recipe.of(Words.of(giver, recipe.spelled()))} equals it. */
  public Map<String, String> spelled() {
    Map<Word, String> words = new LinkedHashMap<>();
    words.put(Word.SITE, site);
    words.put(Word.WIDTH, Integer.toString(width));
    words.put(Word.LAMBDA, Double.toString(lambda));
    switch (method.sparsity()) {
      case Sparsity.L0 l0 -> words.put(Word.SPARSITY, "l0");
      case Sparsity.TargetL0(double target) -> {
        words.put(Word.SPARSITY, "target-l0");
        words.put(Word.TARGET, Double.toString(target));
      }
      case Sparsity.Tanh(double scale) -> {
        words.put(Word.SPARSITY, "tanh");
        words.put(Word.TANH_SCALE, Double.toString(scale));
      }
    }
    words.put(Word.LAMBDA_WARMUP, Long.toString(lambdaWarmUp));
    words.put(Word.BANDWIDTH, Double.toString(method.bandwidth()));
    words.put(Word.THRESHOLD, Double.toString(threshold));
    words.put(Word.THRESHOLD_FORM, method.thresholdForm().name().toLowerCase(Locale.ROOT));
    words.put(Word.LR, Double.toString(learningRate));
    words.put(Word.LR_WARMUP, Long.toString(rateWarmUp));
    words.put(Word.LR_DECAY, Double.toString(rateDecay));
    words.put(Word.BETA1, Double.toString(method.adam().beta1()));
    words.put(Word.BETA2, Double.toString(method.adam().beta2()));
    words.put(Word.EPSILON, Double.toString(method.adam().epsilon()));
    words.put(
        Word.CLIP,
        method.clip().isPresent() ? Double.toString(method.clip().getAsDouble()) : "none");
    words.put(Word.PRE_BIAS, yesNo(method.preBias()));
    words.put(Word.RELU_FIRST, yesNo(method.reluFirst()));
    words.put(Word.PRECISION, precisionWord());
    words.put(Word.BIAS, bias.name().toLowerCase(Locale.ROOT));
    words.put(
        Word.RESAMPLE_EVERY,
        resampleEvery.isPresent() ? Long.toString(resampleEvery.getAsLong()) : "none");
    words.put(Word.SEED, Long.toString(seed));
    Map<String, String> spelled = new LinkedHashMap<>();
    words.forEach((word, value) -> spelled.put(word.spelling(), value));
    return spelled;
  }
}
