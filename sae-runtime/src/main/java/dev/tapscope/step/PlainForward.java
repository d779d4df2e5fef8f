package dev.tapscope.step;

import java.util.Arrays;

/** The forward pass of one row at a time. Its arrays are overwritten by the next row. */
final class PlainForward {
  private final PlainWeights weights;
  private final double[] input;
  private final double[] z;
  private final double[] f;
  private final double[] xhat;
  private int active;

  PlainForward(PlainWeights weights) {
    this.weights = weights;
    Dimensions dimensions = weights.dimensions();
    input = new double[dimensions.inputs()];
    z = new double[dimensions.features()];
    f = new double[dimensions.features()];
    xhat = new double[dimensions.outputs()];
  }

  /** Encodes and decodes a row of the batch. */
  void run(DoubleRows batch, int row) {
    Method method = weights.method();
    for (int i = 0; i < input.length; i++) {
      double bias = method.preBias() ? weights.decoderBias()[i] : 0;
      input[i] = batch.x()[row * input.length + i] - bias;
    }
    Arrays.fill(xhat, 0);
    active = 0;
    for (int k = 0; k < z.length; k++) {
      z[k] = weights.encoder().dot(k, input) + weights.encoderBias()[k];
      if (method.reluFirst()) {
        z[k] = Math.max(z[k], 0);
      }
      f[k] = 0;
      if (active(k)) {
        f[k] = z[k];
        weights.decoder().addRow(k, f[k], xhat);
        active++;
      }
    }
    for (int i = 0; i < xhat.length; i++) {
      xhat[i] += weights.decoderBias()[i];
    }
  }

  boolean active(int feature) {
    return z[feature] > weights.threshold()[feature];
  }

  /** Whether the straight-through estimators see the feature: an open interval. */
  boolean inBand(int feature) {
    double distance = Math.abs(z[feature] - weights.threshold()[feature]);
    return distance < weights.method().bandwidth() / 2;
  }

  /** Number of active features. */
  int active() {
    return active;
  }

  /** What the encoder has seen: the row, less {@code b_dec} where that is the method. */
  double[] input() {
    return input;
  }

  double[] z() {
    return z;
  }

  double[] f() {
    return f;
  }

  double[] xhat() {
    return xhat;
  }
}
