package dev.tapscope.step;

import dev.tapscope.cuda.Precision;
import java.util.OptionalDouble;

/**
 * How an SAE is trained, the same at every step.
 *
 * @param bandwidth width of the straight-through estimators' rectangle, an open interval
 * @param preBias whether {@code b_dec} is taken off the input; needs {@code d_in = d_out}
 * @param reluFirst whether preactivations below 0 become 0 before the gate
 * @param unitDecoder whether decoder rows are kept at unit length, their gradients projected; they
 *     have to begin so, since a row that no step moves is not touched
 * @param clip largest Euclidean norm of the whole gradient, after projection and in the {@link
 *     ThresholdForm} that is trained; none by default
 * @param precision of preactivations in sparse steps; only GPUs have another than {@code EXACT}
 */
public record Method(
    Sparsity sparsity,
    double bandwidth,
    boolean preBias,
    boolean reluFirst,
    ThresholdForm thresholdForm,
    boolean unitDecoder,
    Adam adam,
    OptionalDouble clip,
    Precision precision) {
  public Method {
    Positive.require("bandwidth", bandwidth);
    clip.ifPresent(norm -> Positive.require("largest gradient norm", norm));
  }

  /** One that is exact. */
  public Method(
      Sparsity sparsity,
      double bandwidth,
      boolean preBias,
      boolean reluFirst,
      ThresholdForm thresholdForm,
      boolean unitDecoder,
      Adam adam,
      OptionalDouble clip) {
    this(
        sparsity,
        bandwidth,
        preBias,
        reluFirst,
        thresholdForm,
        unitDecoder,
        adam,
        clip,
        Precision.EXACT);
  }

  /** Refuses what only a GPU can do. */
  void requireExact() {
    if (precision != Precision.EXACT) {
      throw new IllegalArgumentException("the CPU's steps are exact, and never " + precision);
    }
  }

  void requireFits(Dimensions dimensions) {
    if (preBias && dimensions.inputs() != dimensions.outputs()) {
      throw new IllegalArgumentException(
          "b_dec can be taken off the input only where that is as wide as the output, but they are"
              + " %d and %d wide; train a transcoder without preBias."
                  .formatted(dimensions.inputs(), dimensions.outputs()));
    }
  }
}
