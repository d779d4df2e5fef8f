package dev.tapscope.train;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A word of a recipe: the same in a recipe file, as a flag and within {@code --sae}. What stands
 * for each by itself is Gemma Scope's (arXiv 2408.05147, section 3), where that paper says it.
 */
public enum Word {
  SITE("ADDRESS", "", "site in the store, res.3; transcoder_in.5>mlp.5 trains a transcoder"),
  WIDTH("N", "16384", "number of features"),
  LAMBDA("X", "6e-4", "coefficient of the sparsity term"),
  SPARSITY("FORM", "l0", "l0, target-l0 or tanh"),
  TARGET("N", "", "number of active features that target-l0 aims at"),
  TANH_SCALE("X", "4", "scale within the tanh"),
  LAMBDA_WARMUP("STEPS", "10000", "steps over which lambda grows from 0"),
  BANDWIDTH("X", "0.001", "width of the straight-through estimators' rectangle"),
  THRESHOLD("X", "0.001", "where thresholds begin"),
  THRESHOLD_FORM("FORM", "log", "log or direct: which number is trained"),
  LR("X", "7e-5", "learning rate"),
  LR_WARMUP("STEPS", "1000", "steps of the cosine from a tenth of the learning rate to all of it"),
  LR_DECAY("SHARE", "0", "last share of the steps over which the learning rate falls to 0"),
  BETA1("X", "0", "Adam's beta1"),
  BETA2("X", "0.999", "Adam's beta2"),
  EPSILON("X", "1e-8", "Adam's epsilon"),
  CLIP("X", "none", "largest norm of the whole gradient"),
  PRE_BIAS("YES|NO", "", "take b_dec off the input; yes for SAEs, never for transcoders"),
  RELU_FIRST("YES|NO", "no", "a ReLU before the gate"),
  PRECISION(
      "FORM",
      "exact",
      "exact, or fast: a GPU's sparse steps take preactivations as 16-bit products give them,"
          + " off by up to (2^-10 + d 2^-22) |x| |w|"),
  BIAS("FORM", "zero", "zero or mean: where b_dec begins"),
  RESAMPLE_EVERY("STEPS", "none", "steps from one new beginning of dead features to the next"),
  SEED("N", "0", "seed of the first weights, and of the order of the rows"),
  BATCH("ROWS", "4096", "rows of a step", true),
  STEPS("N", "", "number of steps", true),
  TOKENS("N", "", "number of rows, instead of --steps", true),
  NORMALISE("YES|NO", "yes", "scale rows to a mean square norm of 1; folded back at the end", true),
  BUFFER("ROWS", "100000", "rows that are shuffled together; Gemma Scope has a million", true),
  DEAD_AFTER("ROWS", "1000000", "rows without firing after which a feature counts as dead", true),
  LOG_EVERY("STEPS", "10", "steps from one line of metrics.jsonl to the next", true);

  private final String label;
  private final String otherwise;
  private final String meaning;
  private final boolean ofCourse;

  Word(String label, String otherwise, String meaning) {
    this(label, otherwise, meaning, false);
  }

  Word(String label, String otherwise, String meaning, boolean ofCourse) {
    this.label = label;
    this.otherwise = otherwise;
    this.meaning = meaning;
    this.ofCourse = ofCourse;
  }

  /** As it is written, {@code lr-warmup}. */
  public String spelling() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** What its value is, {@code STEPS}. */
  public String label() {
    return label;
  }

  /** Its value where nobody gives one, as text; empty where there is no such value. */
  public String otherwise() {
    return otherwise;
  }

  public String meaning() {
    return meaning;
  }

  /** Whether it says something of the whole run, and so cannot differ between its SAEs. */
  public boolean ofCourse() {
    return ofCourse;
  }

  static Optional<Word> spelled(String spelling) {
    return Arrays.stream(values()).filter(word -> word.spelling().equals(spelling)).findFirst();
  }

  static String list(Set<Word> words) {
    return words.stream().map(Word::spelling).collect(Collectors.joining(", "));
  }
}
