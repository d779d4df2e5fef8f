package dev.tapscope.traps;

import targets.BusyModel;

/** What {@link BusyModel} computes, once more from its description, in double precision. */
final class BusyByHand {
  private BusyByHand() {}

  /** Attention of one query to keys: {@code (1 + |k q|)}, normalised. */
  static double[] weights(float[][] keys, float[] query, int position) {
    double[] weights = new double[position + 1];
    double sum = 0;
    for (int j = 0; j <= position; j++) {
      weights[j] = 1 + Math.abs((double) keys[j][0] * query[0] + (double) keys[j][1] * query[1]);
      sum += weights[j];
    }
    for (int j = 0; j <= position; j++) {
      weights[j] /= sum;
    }
    return weights;
  }

  /**
   * How a change of the first layer's input arrives at the end while attention is frozen: each
   * layer adds what it attends to, and half of the sum.
   *
   * @param frozen weights by layer and position
   * @param change {@code [positions, width]}; not changed
   */
  static double[][] effect(float[][][] frozen, double[][] change) {
    double[][] now = change;
    for (float[][] layer : frozen) {
      double[][] next = new double[now.length][BusyModel.WIDTH];
      for (int i = 0; i < now.length; i++) {
        for (int c = 0; c < BusyModel.WIDTH; c++) {
          double sum = now[i][c];
          for (int j = 0; j <= i; j++) {
            sum += layer[i][j] * now[j][c];
          }
          next[i][c] = 1.5 * sum;
        }
      }
      now = next;
    }
    return now;
  }
}
