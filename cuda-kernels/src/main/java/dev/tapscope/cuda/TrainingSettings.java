package dev.tapscope.cuda;

import java.util.OptionalDouble;

/**
 * How an SAE is trained, the same at every step.
 *
 * @param penalty the term of the loss that keeps features few
 * @param bandwidth width of the straight-through estimators' open interval, above 0
 * @param preBias whether {@code b_dec} is taken off the input; needs {@code d_in = d_out}
 * @param reluFirst whether preactivations below 0 become 0 before the gate
 * @param logThreshold whether the threshold's logarithm is trained, as {@code log_threshold}
 * @param unitDecoder whether decoder rows are kept at unit length, their gradients projected
 * @param beta1 of Adam; 0 leaves rows without a gradient alone, exactly
 * @param beta2 of Adam
 * @param epsilon of Adam
 * @param clip largest norm of the whole gradient
 * @param density share of all {@code rows x F} entries, active or in their band, from which on a
 *     step is taken by dense products
 * @param precision of preactivations in sparse steps
 */
public record TrainingSettings(
    Penalty penalty,
    double bandwidth,
    boolean preBias,
    boolean reluFirst,
    boolean logThreshold,
    boolean unitDecoder,
    double beta1,
    double beta2,
    double epsilon,
    OptionalDouble clip,
    double density,
    Precision precision) {
  /** An estimate of where both ways take about as long: half a percent of all entries. */
  public static final double USUAL_DENSITY = 0.006;

  /** For tests: every step is dense. */
  public static final double ALWAYS_DENSE = 0;

  /** For tests: no step is. */
  public static final double NEVER_DENSE = Double.POSITIVE_INFINITY;

  public TrainingSettings {
    if (Double.isNaN(density) || density < 0) {
      throw new IllegalArgumentException("a step cannot be dense from a share of " + density);
    }
  }

  /** The term of the loss that keeps features few; the mean over the rows of a batch is taken. */
  public sealed interface Penalty {}

  /** {@code ||f||_0}. */
  public record L0() implements Penalty {}

  /** {@code (2 / target) (||f||_0 - target)^2} for each row. */
  public record TargetL0(double target) implements Penalty {}

  /** {@code sum_f tanh(scale f ||W_dec[f]||)}. */
  public record Tanh(double scale) implements Penalty {}

  /** Whether the penalty depends on how large features are, times their decoder rows' lengths. */
  boolean ofLengths() {
    return penalty instanceof Tanh;
  }

  /** Half the bandwidth, as the gate takes it. */
  float halfBand() {
    return (float) (bandwidth / 2);
  }

  /** Name of the array that is trained for the threshold. */
  String thresholdName() {
    return logThreshold ? "log_threshold" : "threshold";
  }

  /** Whether rows without a gradient are left alone. */
  boolean lazy() {
    return beta1 == 0;
  }
}
