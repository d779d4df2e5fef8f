package dev.tapscope.train;

import dev.tapscope.step.Dimensions;
import dev.tapscope.step.SaeInTraining;
import dev.tapscope.step.ThresholdForm;
import java.util.SplittableRandom;

/**
 * Where training begins (arXiv 2408.05147, section 3.2): decoder rows He-uniform, then of unit
 * length; the encoder its transpose; biases 0; thresholds all the same. A transcoder's encoder
 * reads another site than its decoder writes and is He-uniform by itself, {@code U(-sqrt(6/d_in),
 * sqrt(6/d_in))} (appendix B says only that it is not the transpose).
 */
final class FirstWeights {
  private final Recipe recipe;
  private final SaeInTraining sae;
  private final SplittableRandom random;

  FirstWeights(Recipe recipe, SaeInTraining sae) {
    this.recipe = recipe;
    this.sae = sae;
    random = new SplittableRandom(recipe.seed());
  }

  /**
   * @param mean of the scaled rows that are to be reconstructed
   */
  void set(double[] mean) {
    Dimensions d = sae.dimensions();
    Numbers decoder = Numbers.of(sae, "W_dec");
    Numbers encoder = Numbers.of(sae, "W_enc");
    for (long f = 0; f < d.features(); f++) {
      double[] row = unit(random, d.outputs());
      double[] column = recipe.transcoder() ? column(random, true, d.inputs()) : row;
      for (int i = 0; i < d.outputs(); i++) {
        decoder.set(f * d.outputs() + i, row[i]);
      }
      for (int i = 0; i < d.inputs(); i++) {
        encoder.set(f * d.inputs() + i, column[i]);
      }
    }
    ThresholdForm form = recipe.method().thresholdForm();
    Numbers threshold = Numbers.of(sae, form.arrayName());
    for (int f = 0; f < d.features(); f++) {
      threshold.set(f, form.trained(recipe.threshold()));
    }
    if (recipe.bias() == Recipe.FirstBias.MEAN) {
      Numbers bias = Numbers.of(sae, "b_dec");
      for (int i = 0; i < mean.length; i++) {
        bias.set(i, mean[i]);
      }
    }
  }

  /** A column of the encoder: of unit length in an SAE, where it is the decoder's row. */
  static double[] column(SplittableRandom random, boolean transcoder, int inputs) {
    return transcoder ? uniform(random, inputs, Math.sqrt(6.0 / inputs)) : unit(random, inputs);
  }

  private static double[] unit(SplittableRandom random, int width) {
    double[] row = uniform(random, width, 1); // the bound falls out with the length
    double square = 0;
    for (double value : row) {
      square += value * value;
    }
    double length = Math.sqrt(square);
    for (int i = 0; i < width; i++) {
      row[i] /= length;
    }
    return row;
  }

  private static double[] uniform(SplittableRandom random, int width, double bound) {
    double[] row = new double[width];
    for (int i = 0; i < width; i++) {
      row[i] = random.nextDouble(-bound, bound);
    }
    return row;
  }
}
