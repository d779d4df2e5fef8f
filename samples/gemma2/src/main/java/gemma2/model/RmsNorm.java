package gemma2.model;

import gemma2.math.Activations;
import gemma2.math.Kernels;

/** {@code x / sqrt(mean(x^2) + eps) * (1 + w)}, row by row. */
final class RmsNorm {

  /** The gain 1 + w. */
  final float[] gain;

  final float eps;
  private final Kernels kernels;

  RmsNorm(float[] gain, double eps, Kernels kernels) {
    this.gain = gain;
    this.eps = (float) eps;
    this.kernels = kernels;
  }

  float[][] apply(float[][] x, Activations own) {
    float[][] normed = own.rows(x.length, gain.length);
    for (int r = 0; r < x.length; r++) {
      double meanSquare = kernels.sumOfSquares(x[r]) / x[r].length;
      scale(x[r], (float) (1 / Math.sqrt(meanSquare + eps)), normed[r]);
    }
    return normed;
  }

  private void scale(float[] row, float inverseRms, float[] normed) {
    for (int i = 0; i < normed.length; i++) {
      normed[i] = row[i] * inverseRms * gain[i];
    }
  }
}
