package dev.tapscope.step;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.stream.Stream;

/**
 * Training by the formulas as loops, all in double, sums in index order: for reading, and as the
 * judge of faster implementations. Keeps all gradients in the heap.
 */
final class PlainSae implements Examined {
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

  private final Dimensions dimensions;
  private final Method method;
  private final boolean lazy;
  private final Arena arena = Arena.ofShared();
  private final Parameter encoder;
  private final Parameter encoderBias;
  private final Parameter decoder;
  private final Parameter decoderBias;
  private final Parameter threshold;
  private final MemorySegment steps;
  private final MemorySegment settled;
  private final MemorySegment tokensSinceFired;

  /**
   * An SAE of zeros.
   *
   * @param lazy whether rows of {@code W_enc} and {@code W_dec} without a gradient are left alone,
   *     and the decay of their second moments is made up for when they are next touched
   */
  PlainSae(Dimensions dimensions, Method method, boolean lazy) {
    method.requireFits(dimensions);
    method.requireExact();
    int inputs = dimensions.inputs();
    int features = dimensions.features();
    int outputs = dimensions.outputs();
    if ((long) features * Math.max(inputs, outputs) > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "%s has matrices of more than %d values, too many for the plain implementation."
              .formatted(dimensions, Integer.MAX_VALUE));
    }
    if (lazy && method.adam().beta1() != 0) {
      throw new IllegalArgumentException(
          "Rows can be left alone only where Adam has beta1 = 0, not " + method.adam().beta1());
    }
    this.dimensions = dimensions;
    this.method = method;
    this.lazy = lazy;
    Adam adam = method.adam();
    encoder = Parameter.matrix(arena, adam, "W_enc", features, inputs);
    decoder = Parameter.matrix(arena, adam, "W_dec", features, outputs);
    encoderBias = Parameter.vector(arena, adam, "b_enc", features);
    decoderBias = Parameter.vector(arena, adam, "b_dec", outputs);
    threshold = Parameter.vector(arena, adam, method.thresholdForm().arrayName(), features);
    steps = arena.allocate(LONG);
    settled = arena.allocate(LONG, features);
    tokensSinceFired = arena.allocate(LONG, features);
  }

  @Override
  public Dimensions dimensions() {
    return dimensions;
  }

  @Override
  public Method method() {
    return method;
  }

  @Override
  public StepReport step(Batch batch, Rates rates) {
    batch.requireFits(dimensions);
    return step(DoubleRows.of(batch), rates);
  }

  StepReport step(DoubleRows batch, Rates rates) {
    if (!batch.finite()) {
      throw new ArithmeticException("A row of the batch holds a value that is not finite.");
    }
    PlainWeights before = weights();
    PlainBackward backward = new PlainBackward(before, batch, rates.sparsity());
    if (!Double.isFinite(backward.loss())) {
      throw new ArithmeticException("The loss of the batch is " + backward.loss() + ".");
    }
    Gradients gradients = backward.gradients();
    double[] thresholdGradient = thresholdGradient(before, gradients);
    double largest = method.clip().orElse(Double.POSITIVE_INFINITY);
    double norm = method.clip().isPresent() ? norm(gradients, thresholdGradient) : Double.NaN;
    double scale = norm > largest ? largest / norm : 1;
    long t = steps.getAtIndex(LONG, 0) + 1;
    AdamStep adam = AdamStep.number(t, method.adam(), rates.learningRate(), scale);
    moveRows(adam, t, gradients, backward.fired());
    double beta2 = method.adam().beta2();
    encoderBias.step(adam, 0, gradients.encoderBias(), beta2);
    decoderBias.step(adam, 0, gradients.decoderBias(), beta2);
    threshold.step(adam, 0, thresholdGradient, beta2);
    keepThresholdsAboveZero();
    steps.setAtIndex(LONG, 0, t);
    countTokens(batch.rows(), backward.fired());
    return new StepReport(
        backward.loss(),
        backward.reconstruction(),
        backward.sparsity(),
        backward.l0(),
        backward.inBand(),
        meanDistance(before.threshold(), thresholds()),
        sparsityShare(gradients),
        norm,
        true);
  }

  @Override
  public Activations activations(Batch batch) {
    batch.requireFits(dimensions);
    return activations(DoubleRows.of(batch));
  }

  Activations activations(DoubleRows batch) {
    int features = dimensions.features();
    int outputs = dimensions.outputs();
    Activations all =
        new Activations(
            new double[batch.rows() * features],
            new double[batch.rows() * features],
            new double[batch.rows() * outputs]);
    PlainForward forward = new PlainForward(weights());
    for (int row = 0; row < batch.rows(); row++) {
      forward.run(batch, row);
      System.arraycopy(forward.z(), 0, all.z(), row * features, features);
      System.arraycopy(forward.f(), 0, all.f(), row * features, features);
      System.arraycopy(forward.xhat(), 0, all.xhat(), row * outputs, outputs);
    }
    return all;
  }

  @Override
  public Gradients gradients(Batch batch, double sparsity) {
    batch.requireFits(dimensions);
    return gradients(DoubleRows.of(batch), sparsity);
  }

  Gradients gradients(DoubleRows batch, double sparsity) {
    return new PlainBackward(weights(), batch, sparsity).gradients();
  }

  @Override
  public List<StateArray> state() {
    return Stream.concat(
            Stream.of(encoder, decoder, encoderBias, decoderBias, threshold)
                .flatMap(Parameter::state),
            Stream.of(
                counts("steps", steps),
                counts("settled", settled),
                counts("tokens_since_fired", tokensSinceFired)))
        .toList();
  }

  @Override
  public void close() {
    arena.close();
  }

  private static StateArray counts(String name, MemorySegment values) {
    List<Long> shape = List.of(values.byteSize() / Long.BYTES);
    return new StateArray(name, StateArray.Element.I64, shape, values);
  }

  private PlainWeights weights() {
    return new PlainWeights(
        dimensions,
        method,
        encoder.values(),
        encoderBias.values().copy(),
        decoder.values(),
        decoderBias.values().copy(),
        thresholds());
  }

  private double[] thresholds() {
    double[] thresholds = threshold.values().copy();
    if (method.thresholdForm() == ThresholdForm.LOG) {
      for (int k = 0; k < thresholds.length; k++) {
        thresholds[k] = StrictMath.exp(thresholds[k]);
      }
    }
    return thresholds;
  }

  /** The gradient of what is trained for the threshold. */
  private double[] thresholdGradient(PlainWeights weights, Gradients gradients) {
    double[] gradient = new double[dimensions.features()];
    for (int k = 0; k < gradient.length; k++) {
      double factor =
          switch (method.thresholdForm()) {
            case DIRECT -> 1;
            case LOG -> weights.threshold()[k];
          };
      gradient[k] =
          factor * (gradients.thresholdReconstruction()[k] + gradients.thresholdSparsity()[k]);
    }
    return gradient;
  }

  private void moveRows(AdamStep adam, long t, Gradients gradients, boolean[] fired) {
    for (int k = 0; k < fired.length; k++) {
      if (lazy && !fired[k]) {
        continue;
      }
      double decay = StrictMath.pow(method.adam().beta2(), t - settled.getAtIndex(LONG, k));
      encoder.step(adam, k, gradients.encoder(), decay);
      decoder.step(adam, k, gradients.projectedDecoder(), decay);
      settled.setAtIndex(LONG, k, t);
      if (method.unitDecoder()) {
        renormalise(k);
      }
    }
  }

  /** Gives a decoder row unit length; a row of zeros stays one. */
  private void renormalise(int feature) {
    DoubleArray rows = decoder.values();
    double length = Math.sqrt(rows.squares(feature));
    for (int i = 0; i < rows.width() && length > 0; i++) {
      rows.set(feature, i, rows.get(feature, i) / length);
    }
  }

  private void keepThresholdsAboveZero() {
    DoubleArray values = threshold.values();
    for (int k = 0; k < values.width() && method.thresholdForm() == ThresholdForm.DIRECT; k++) {
      values.set(0, k, Math.max(values.get(0, k), ThresholdForm.SMALLEST));
    }
  }

  private void countTokens(int rows, boolean[] fired) {
    for (int k = 0; k < fired.length; k++) {
      long silent = fired[k] ? 0 : tokensSinceFired.getAtIndex(LONG, k) + rows;
      tokensSinceFired.setAtIndex(LONG, k, silent);
    }
  }

  private static double norm(Gradients gradients, double[] thresholdGradient) {
    return Math.sqrt(
        squares(gradients.encoder())
            + squares(gradients.encoderBias())
            + squares(gradients.projectedDecoder())
            + squares(gradients.decoderBias())
            + squares(thresholdGradient));
  }

  private static double squares(double[] values) {
    double sum = 0;
    for (double value : values) {
      sum += value * value;
    }
    return sum;
  }

  private static double sparsityShare(Gradients gradients) {
    double sparsity = magnitudes(gradients.thresholdSparsity());
    double both = sparsity + magnitudes(gradients.thresholdReconstruction());
    return both == 0 ? 0 : sparsity / both;
  }

  private static double magnitudes(double[] values) {
    double sum = 0;
    for (double value : values) {
      sum += Math.abs(value);
    }
    return sum;
  }

  private static double meanDistance(double[] before, double[] after) {
    double sum = 0;
    for (int i = 0; i < before.length; i++) {
      sum += Math.abs(after[i] - before[i]);
    }
    return sum / before.length;
  }
}
