package dev.tapscope.step;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * Training in single precision by the Vector API. Only the encoder's product is dense; everything
 * after it works on the features that are active or in their band.
 *
 * <p>Where Adam has {@code beta1 = 0}, rows of features that are active on no token are not
 * touched, and what their second moments owe is made up for when they are: the same bits as if they
 * had been.
 */
final class SparseSae implements Examined {
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

  private final Dimensions dimensions;
  private final Method method;
  private final boolean lazy;
  private final Arena arena = Arena.ofShared();
  private final Team team;
  private final FloatWeights weights;
  private final MemorySegment steps;
  private final MemorySegment settled;
  private final MemorySegment tokensSinceFired;
  private final MemorySegment thresholdGradient;
  private final Forward forward;
  private final Backward backward;

  /**
   * An SAE of zeros.
   *
   * @param lazy whether rows without a gradient may be left alone
   */
  SparseSae(Dimensions dimensions, Method method, int threads, PhaseClock clock, boolean lazy) {
    this(dimensions, method, threads, clock, lazy, Density.USUAL);
  }

  SparseSae(
      Dimensions dimensions,
      Method method,
      int threads,
      PhaseClock clock,
      boolean lazy,
      Density density) {
    method.requireFits(dimensions);
    method.requireExact();
    this.dimensions = dimensions;
    this.method = method;
    this.lazy = lazy && method.adam().beta1() == 0;
    team = new Team(threads, clock);
    weights = FloatWeights.zeros(arena, dimensions, method);
    steps = arena.allocate(LONG);
    settled = arena.allocate(LONG, dimensions.features());
    tokensSinceFired = arena.allocate(LONG, dimensions.features());
    thresholdGradient = Lanes.floats(arena, dimensions.features());
    forward = new Forward(team, arena, dimensions, method, weights, density);
    backward = new Backward(team, arena, dimensions, method, weights);
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
    forward.run(batch, rates.sparsity());
    forward.compare(batch);
    if (!Double.isFinite(forward.loss())) {
      throw new ArithmeticException("The loss of the batch is " + forward.loss() + ".");
    }
    double norm = method.clip().isPresent() ? norm(batch) : Double.NaN;
    double scale = method.clip().orElse(norm) < norm ? method.clip().getAsDouble() / norm : 1;
    long t = steps.get(LONG, 0) + 1;
    FloatAdam adam = FloatAdam.of(AdamStep.number(t, method.adam(), rates.learningRate(), scale));
    backward.run(
        batch, forward, (feature, gradients) -> move(feature, gradients, adam, t, batch.rows()));
    sumThresholdGradient();
    weights.encoderBias().step(adam, 0, backward.encoderBias(), 0);
    weights.decoderBias().step(adam, 0, backward.decoderBias(), 0);
    weights.threshold().step(adam, 0, thresholdGradient, 0);
    keepThresholdsAboveZero();
    steps.set(LONG, 0, t);
    return new StepReport(
        forward.loss(),
        forward.reconstruction(),
        forward.sparsity(),
        forward.l0(),
        forward.inBand(),
        thresholdMovement(),
        backward.sparsityShare(),
        norm,
        forward.dense());
  }

  /** Moves a feature's rows, on any thread. */
  private void move(int feature, FeatureGradients gradients, FloatAdam adam, long t, int rows) {
    long silent = gradients.fired() ? 0 : tokensSinceFired.getAtIndex(LONG, feature) + rows;
    tokensSinceFired.setAtIndex(LONG, feature, silent);
    if (lazy && !gradients.fired()) {
      return;
    }
    if (!gradients.fired()) {
      gradients.clear();
    } else if (method.unitDecoder()) {
      gradients.project(feature, weights.decoder());
    }
    long owed = t - 1 - settled.getAtIndex(LONG, feature);
    weights.encoder().step(adam, feature, gradients.encoder(), owed);
    weights.decoder().step(adam, feature, gradients.decoder(), owed);
    settled.setAtIndex(LONG, feature, t);
    if (method.unitDecoder() && (gradients.fired() || method.adam().beta1() != 0)) {
      renormalise(feature);
    }
  }

  /** Gives a decoder row unit length; a row of zeros stays one. */
  private void renormalise(int feature) {
    FloatParameter decoder = weights.decoder();
    MemorySegment rows = decoder.values();
    long at = decoder.at(feature);
    float squares = RowKernels.dot(rows, at, rows, at, decoder.width());
    if (squares > 0) {
      RowKernels.multiply(rows, at, (float) (1 / Math.sqrt(squares)), decoder.width());
    }
  }

  /** Of the gradient by what is trained. */
  private void sumThresholdGradient() {
    for (int f = 0; f < dimensions.features(); f++) {
      double sum = backward.thresholdReconstruction()[f] + backward.thresholdSparsity()[f];
      double factor =
          switch (method.thresholdForm()) {
            case DIRECT -> 1;
            case LOG -> forward.gate().thresholds()[f];
          };
      thresholdGradient.setAtIndex(Lanes.FLOAT, f, (float) (factor * sum));
    }
  }

  private void keepThresholdsAboveZero() {
    MemorySegment values = weights.threshold().values();
    for (int f = 0; f < dimensions.features(); f++) {
      if (method.thresholdForm() == ThresholdForm.DIRECT
          && values.getAtIndex(Lanes.FLOAT, f) < ThresholdForm.SMALLEST) {
        values.setAtIndex(Lanes.FLOAT, f, ThresholdForm.SMALLEST);
      }
    }
  }

  private double thresholdMovement() {
    float[] before = forward.gate().thresholds();
    float[] after = weights.thresholds(method.thresholdForm());
    double sum = 0;
    for (int f = 0; f < before.length; f++) {
      sum += Math.abs((double) after[f] - before[f]);
    }
    return sum / before.length;
  }

  /** The length of the whole gradient, in a pass of its own: no gradient is kept for the next. */
  private double norm(Batch batch) {
    double[] squares = new double[dimensions.features()];
    backward.run(
        batch,
        forward,
        (feature, gradients) -> {
          if (gradients.fired()) {
            if (method.unitDecoder()) {
              gradients.project(feature, weights.decoder());
            }
            squares[feature] = squares(gradients.encoder()) + squares(gradients.decoder());
          }
        });
    sumThresholdGradient();
    double sum =
        Arrays.stream(squares).sum()
            + squares(backward.encoderBias())
            + squares(backward.decoderBias())
            + squares(thresholdGradient);
    if (!Double.isFinite(sum)) {
      throw new ArithmeticException("The gradient of the batch is not finite.");
    }
    return Math.sqrt(sum);
  }

  private static double squares(MemorySegment values) {
    return RowKernels.dot(values, 0, values, 0, (int) (values.byteSize() / Float.BYTES));
  }

  @Override
  public List<StateArray> state() {
    return Stream.concat(
            weights.state(),
            Stream.of(
                counts("steps", steps),
                counts("settled", settled),
                counts("tokens_since_fired", tokensSinceFired)))
        .toList();
  }

  private static StateArray counts(String name, MemorySegment values) {
    List<Long> shape = List.of(values.byteSize() / Long.BYTES);
    return new StateArray(name, StateArray.Element.I64, shape, values);
  }

  @Override
  public Activations activations(Batch batch) {
    batch.requireFits(dimensions);
    forward.run(batch, 0);
    int rows = batch.rows();
    int features = dimensions.features();
    double[] z = new double[rows * features];
    double[] f = new double[rows * features];
    Arrays.fill(z, Double.NaN);
    for (int feature = 0; feature < features; feature++) {
      Entries.Block block = forward.entries().block(feature / Entries.BLOCK);
      int own = feature % Entries.BLOCK;
      for (int e = block.start(own); e < block.end(own); e++) {
        z[block.token(e) * features + feature] = block.z(e);
        if (forward.gate().active(feature, block.z(e))) {
          f[block.token(e) * features + feature] = block.z(e);
        }
      }
    }
    int size = rows * dimensions.outputs();
    return new Activations(z, f, doubles(forward.errors(), size));
  }

  @Override
  public Gradients gradients(Batch batch, double sparsity) {
    batch.requireFits(dimensions);
    forward.run(batch, sparsity);
    forward.compare(batch);
    int inputs = dimensions.inputs();
    int features = dimensions.features();
    int outputs = dimensions.outputs();
    double[] encoder = new double[features * inputs];
    double[] decoder = new double[features * outputs];
    double[] projected = method.unitDecoder() ? new double[decoder.length] : decoder;
    backward.run(
        batch,
        forward,
        (feature, gradients) -> {
          if (gradients.fired()) {
            copy(gradients.encoder(), encoder, feature * inputs, inputs);
            copy(gradients.decoder(), decoder, feature * outputs, outputs);
            if (method.unitDecoder()) {
              gradients.project(feature, weights.decoder());
              copy(gradients.decoder(), projected, feature * outputs, outputs);
            }
          }
        });
    return new Gradients(
        encoder,
        doubles(backward.encoderBias(), features),
        decoder,
        projected,
        doubles(backward.decoderBias(), outputs),
        backward.thresholdReconstruction().clone(),
        backward.thresholdSparsity().clone());
  }

  private static double[] doubles(MemorySegment floats, int size) {
    double[] doubles = new double[size];
    copy(floats, doubles, 0, size);
    return doubles;
  }

  private static void copy(MemorySegment floats, double[] into, int at, int size) {
    for (int i = 0; i < size; i++) {
      into[at + i] = floats.getAtIndex(Lanes.FLOAT, i);
    }
  }

  @Override
  public void close() {
    team.close();
    forward.close();
    backward.close();
    arena.close();
  }
}
