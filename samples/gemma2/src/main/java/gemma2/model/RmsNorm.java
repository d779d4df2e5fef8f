package gemma2.model;

import gemma2.math.Rows;

/** {@code x / sqrt(mean(x^2) + eps) * (1 + w)}, row by row. */
final class RmsNorm {

  /** The gain 1 + w. */
  final float[] gain;

  final float eps;

  RmsNorm(float[] gain, double eps) {
    this.gain = gain;
    this.eps = (float) eps;
  }

  float[][] apply(float[][] x) {
    float[][] normed = Rows.of(x.length, gain.length);
    for (int r = 0; r < x.length; r++) {
      float inverse = inverseRms(x[r]);
      for (int i = 0; i < gain.length; i++) {
        normed[r][i] = x[r][i] * inverse * gain[i];
      }
    }
    return normed;
  }

  private float inverseRms(float[] row) {
    double squares = 0;
    for (float value : row) {
      squares += (double) value * value;
    }
    return (float) (1 / Math.sqrt(squares / row.length + eps));
  }
}
