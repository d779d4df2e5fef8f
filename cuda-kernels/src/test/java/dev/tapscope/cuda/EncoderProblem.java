package dev.tapscope.cuda;

import java.util.Optional;
import java.util.SplittableRandom;

/**
 * An encoder, rows for it, and what comes out in double precision.
 *
 * @param x {@code [rows, inputs]}
 * @param encoder {@code [features, inputs]}
 */
record EncoderProblem(
    int rows,
    int inputs,
    int features,
    float[] x,
    Optional<float[]> offsets,
    float[] encoder,
    float[] bias,
    float[] threshold,
    float halfBand,
    boolean reluFirst) {

  /** Rows of unit variance, features of unit length, and about 1 of 20 features active. */
  static EncoderProblem random(long seed, int rows, int inputs, int features) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] encoder = normal(random, features * inputs, 1 / Math.sqrt(inputs));
    float[] bias = normal(random, features, 0.2);
    float[] threshold = new float[features];
    for (int f = 0; f < features; f++) {
      threshold[f] = (float) (1.2 + random.nextDouble());
    }
    return new EncoderProblem(
        rows,
        inputs,
        features,
        normal(random, rows * inputs, 1),
        Optional.empty(),
        encoder,
        bias,
        threshold,
        0,
        false);
  }

  static float[] normal(SplittableRandom random, int count, double scale) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) (random.nextGaussian() * scale);
    }
    return values;
  }

  EncoderProblem withOffsets(long seed) {
    return new EncoderProblem(
        rows,
        inputs,
        features,
        x,
        Optional.of(normal(new SplittableRandom(seed), inputs, 0.5)),
        encoder,
        bias,
        threshold,
        halfBand,
        reluFirst);
  }

  EncoderProblem withGate(float newHalfBand, boolean newReluFirst) {
    return new EncoderProblem(
        rows, inputs, features, x, offsets, encoder, bias, threshold, newHalfBand, newReluFirst);
  }

  /** All that z is made of times powers of two, which changes no bit of a mantissa. */
  EncoderProblem scaled(int exponentOfX, int exponentOfEncoder) {
    int exponent = exponentOfX + exponentOfEncoder;
    return new EncoderProblem(
        rows,
        inputs,
        features,
        times(x, exponentOfX),
        offsets.map(values -> times(values, exponentOfX)),
        times(encoder, exponentOfEncoder),
        times(bias, exponent),
        times(threshold, exponent),
        Math.scalb(halfBand, exponent),
        reluFirst);
  }

  private static float[] times(float[] values, int exponent) {
    float[] scaled = values.clone();
    for (int i = 0; i < scaled.length; i++) {
      scaled[i] = Math.scalb(scaled[i], exponent);
    }
    return scaled;
  }

  /** What the encoder sees. */
  double input(int row, int k) {
    double value = x[row * inputs + k];
    return offsets.isPresent() ? value - offsets.get()[k] : value;
  }

  /** z, after the relu where there is one. */
  double z(int row, int feature) {
    double sum = 0;
    for (int k = 0; k < inputs; k++) {
      sum += input(row, k) * encoder[feature * inputs + k];
    }
    sum += bias[feature];
    return reluFirst ? Math.max(sum, 0) : sum;
  }

  /** |x||w|, without the bias: what errors are measured by. */
  double size(int row, int feature) {
    double ofX = 0;
    double ofW = 0;
    for (int k = 0; k < inputs; k++) {
      ofX += input(row, k) * input(row, k);
      ofW += (double) encoder[feature * inputs + k] * encoder[feature * inputs + k];
    }
    return Math.sqrt(ofX) * Math.sqrt(ofW);
  }
}
