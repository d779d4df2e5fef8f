package gemma2.model;

import gemma2.math.Activations;

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

  /** The cosines and sines of the pairs' angles at some positions, one row for each. */
  static final class Turns {
    private int start;
    private float[][] cosines = new float[0][];
    private float[][] sines = new float[0][];
  }

  /** Sets {@code turns} to positions {@code start}, {@code start + 1}, ... */
  void turn(Turns turns, int start, int count) {
    if (turns.start == start && turns.cosines.length == count) {
      return;
    }
    if (turns.cosines.length != count) {
      turns.cosines = new float[count][headDim / 2];
      turns.sines = new float[count][headDim / 2];
    }
    for (int r = 0; r < count; r++) {
      for (int i = 0; i < frequencies.length; i++) {
        double angle = (start + r) * frequencies[i];
        turns.cosines[r][i] = (float) Math.cos(angle);
        turns.sines[r][i] = (float) Math.sin(angle);
      }
    }
    turns.start = start;
  }

  /** The heads of {@code x}, each row turned as its position has it. */
  float[][] rotate(float[][] x, Turns turns, Activations own) {
    float[][] rotated = own.rows(x.length, x[0].length);
    for (int r = 0; r < x.length; r++) {
      for (int head = 0; head < x[r].length; head += headDim) {
        rotate(x[r], head, turns.cosines[r], turns.sines[r], rotated[r]);
      }
    }
    return rotated;
  }

  private static void rotate(float[] x, int head, float[] cos, float[] sin, float[] rotated) {
    int half = cos.length;
    for (int i = 0; i < half; i++) {
      float left = x[head + i];
      float right = x[head + half + i];
      rotated[head + i] = left * cos[i] - right * sin[i];
      rotated[head + half + i] = right * cos[i] + left * sin[i];
    }
  }
}
