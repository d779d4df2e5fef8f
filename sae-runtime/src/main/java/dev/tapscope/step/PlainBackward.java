package dev.tapscope.step;

/**
 * Loss and gradients of a batch, row by row. With {@code H} for Heaviside's function and {@code
 * rect} for 1 on the open interval from -1/2 to 1/2, and {@code g} for what comes from above:
 *
 * <pre>{@code
 * f = z H(z - threshold):  dz = H(z - threshold) g
 *                          dthreshold = -(threshold / bandwidth) rect((z - threshold) / bandwidth) g
 * ||f||_0:                 dz = 0
 *                          dthreshold = -(1 / bandwidth) rect((z - threshold) / bandwidth) g
 * }</pre>
 *
 * <p>JumpReLU SAEs, arXiv 2407.14435; the loss is {@link SaeInTraining}'s.
 */
final class PlainBackward {
  private final PlainWeights weights;
  private final Method method;
  private final int rows;
  private final double coefficient;
  private final double[] decoderNorms;
  private final Gradients gradients;
  private final boolean[] fired;
  private double squaredErrors;
  private double penalties;
  private long active;
  private long inBand;

  /** Goes over the batch; {@code coefficient} is that of the sparsity term. */
  PlainBackward(PlainWeights weights, DoubleRows batch, double coefficient) {
    this.weights = weights;
    this.method = weights.method();
    this.rows = batch.rows();
    this.coefficient = coefficient;
    Dimensions dimensions = weights.dimensions();
    int features = dimensions.features();
    fired = new boolean[features];
    decoderNorms = new double[features];
    for (int k = 0; k < features; k++) {
      decoderNorms[k] = Math.sqrt(weights.decoder().squares(k));
    }
    double[] decoder = new double[features * dimensions.outputs()];
    gradients =
        new Gradients(
            new double[features * dimensions.inputs()],
            new double[features],
            decoder,
            method.unitDecoder() ? new double[decoder.length] : decoder,
            new double[dimensions.outputs()],
            new double[features],
            new double[features]);
    PlainForward forward = new PlainForward(weights);
    for (int row = 0; row < rows; row++) {
      forward.run(batch, row);
      addRow(forward, errors(forward, batch, row));
    }
    if (method.preBias()) {
      // z depends on b_dec too; the sum of dz over the rows is b_enc's gradient.
      for (int k = 0; k < features; k++) {
        weights.encoder().addRow(k, -gradients.encoderBias()[k], gradients.decoderBias());
      }
    }
    if (method.unitDecoder()) {
      project();
    }
  }

  Gradients gradients() {
    return gradients;
  }

  /** Which features were active on any row. */
  boolean[] fired() {
    return fired;
  }

  double reconstruction() {
    return squaredErrors / rows;
  }

  double sparsity() {
    return penalties / rows;
  }

  double loss() {
    return reconstruction() + coefficient * sparsity();
  }

  double l0() {
    return (double) active / rows;
  }

  double inBand() {
    return (double) inBand / rows;
  }

  private double[] errors(PlainForward forward, DoubleRows batch, int row) {
    double[] errors = forward.xhat().clone();
    for (int i = 0; i < errors.length; i++) {
      errors[i] -= batch.y()[row * errors.length + i];
      squaredErrors += errors[i] * errors[i];
    }
    return errors;
  }

  private void addRow(PlainForward forward, double[] errors) {
    double[] dxhat = new double[errors.length];
    for (int i = 0; i < errors.length; i++) {
      dxhat[i] = 2 * errors[i] / rows;
      gradients.decoderBias()[i] += dxhat[i];
    }
    active += forward.active();
    penalties += penalty(forward);
    double dl0 = coefficient / rows * penaltyByL0(forward.active());
    for (int k = 0; k < fired.length; k++) {
      boolean isActive = forward.active(k);
      boolean isInBand = forward.inBand(k);
      if (!isActive && !isInBand) {
        continue;
      }
      double f = forward.f()[k];
      double fromErrors = weights.decoder().dot(k, dxhat);
      double fromPenalty = coefficient / rows * decoderNorms[k] * penaltyByLength(k, f);
      if (isActive) {
        fired[k] = true;
        double dz = fromErrors + fromPenalty;
        gradients.encoderBias()[k] += dz;
        add(dz, forward.input(), gradients.encoder(), k);
        add(f, dxhat, gradients.decoder(), k);
        addByDecoderNorm(k, coefficient / rows * f * penaltyByLength(k, f));
      }
      if (isInBand) {
        inBand++;
        double slope = weights.threshold()[k] / method.bandwidth();
        gradients.thresholdReconstruction()[k] -= slope * fromErrors;
        gradients.thresholdSparsity()[k] -= slope * fromPenalty + dl0 / method.bandwidth();
      }
    }
  }

  /** The sparsity term of a row. */
  private double penalty(PlainForward forward) {
    return switch (method.sparsity()) {
      case Sparsity.L0 _ -> forward.active();
      case Sparsity.TargetL0(double target) ->
          2 / target * (forward.active() - target) * (forward.active() - target);
      case Sparsity.Tanh(double scale) -> {
        double sum = 0;
        for (int k = 0; k < fired.length; k++) {
          sum += Math.tanh(scale * forward.f()[k] * decoderNorms[k]);
        }
        yield sum;
      }
    };
  }

  /** Derivative of the sparsity term by {@code ||f||_0}. */
  private double penaltyByL0(int l0) {
    return switch (method.sparsity()) {
      case Sparsity.L0 _ -> 1;
      case Sparsity.TargetL0(double target) -> 4 / target * (l0 - target);
      case Sparsity.Tanh _ -> 0;
    };
  }

  /** Derivative of the sparsity term by {@code f ||W_dec[f]||}. */
  private double penaltyByLength(int feature, double f) {
    return switch (method.sparsity()) {
      case Sparsity.L0 _ -> 0;
      case Sparsity.TargetL0 _ -> 0;
      case Sparsity.Tanh(double scale) -> {
        double tanh = Math.tanh(scale * f * decoderNorms[feature]);
        yield scale * (1 - tanh * tanh);
      }
    };
  }

  /** The gradient of a decoder row through its length; a row of zeros has none. */
  private void addByDecoderNorm(int feature, double dnorm) {
    if (dnorm == 0 || decoderNorms[feature] == 0) {
      return;
    }
    int width = weights.decoder().width();
    for (int i = 0; i < width; i++) {
      gradients.decoder()[feature * width + i] +=
          dnorm * weights.decoder().get(feature, i) / decoderNorms[feature];
    }
  }

  private static void add(double factor, double[] vector, double[] into, int row) {
    for (int i = 0; i < vector.length; i++) {
      into[row * vector.length + i] += factor * vector[i];
    }
  }

  private void project() {
    int width = weights.decoder().width();
    double[] row = new double[width];
    for (int k = 0; k < fired.length; k++) {
      System.arraycopy(gradients.decoder(), k * width, row, 0, width);
      double squares = weights.decoder().squares(k);
      if (squares > 0) {
        weights.decoder().addRow(k, -weights.decoder().dot(k, row) / squares, row);
      }
      System.arraycopy(row, 0, gradients.projectedDecoder(), k * width, width);
    }
  }
}
