package gemma2.model;

import gemma2.math.Rows;

/**
 * Rotary position embedding: in every head the pair (i, i + headDim / 2) is turned by the angle
 * {@code position * theta^(-2i / headDim)}.
 */
final class Rope {

  private final int headDim;
  private final double[] frequencies;

  Rope(int headDim, double theta) {
    this.headDim = headDim;
    this.frequencies = new double[headDim / 2];
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] = Math.pow(theta, -2.0 * i / headDim);
    }
  }

  /** The heads of {@code x}, whose rows stand at positions {@code start}, {@code start + 1}, ... */
  float[][] rotate(float[][] x, int start) {
    int half = headDim / 2;
    float[][] rotated = Rows.of(x.length, x[0].length);
    for (int r = 0; r < x.length; r++) {
      for (int i = 0; i < half; i++) {
        double angle = (start + r) * frequencies[i];
        float cos = (float) Math.cos(angle);
        float sin = (float) Math.sin(angle);
        for (int head = 0; head < x[r].length; head += headDim) {
          float left = x[r][head + i];
          float right = x[r][head + half + i];
          rotated[r][head + i] = left * cos - right * sin;
          rotated[r][head + half + i] = right * cos + left * sin;
        }
      }
    }
    return rotated;
  }
}
