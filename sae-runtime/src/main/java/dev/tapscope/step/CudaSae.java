package dev.tapscope.step;

import dev.tapscope.cuda.Gpu;
import dev.tapscope.cuda.GpuTraining;
import dev.tapscope.cuda.TrainingReport;
import dev.tapscope.cuda.TrainingSettings;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Steps on a GPU, sparse or dense by what a batch keeps. The arrays lie there; one that is asked
 * for is copied here, and what was copied here goes back before the next step, since it may have
 * been written to.
 */
final class CudaSae implements Examined {
  private final Dimensions dimensions;
  private final Method method;
  private final GpuTraining training;
  private final Arena arena = Arena.ofShared();
  private final List<Mirror> mirrors;

  /** On its way to the card already: the batch of the next step. */
  private Optional<Batch> expected = Optional.empty();

  /**
   * @param density share of all entries, active or in their band, from which on a step is dense
   * @throws IllegalArgumentException when the method does not fit the sizes
   */
  CudaSae(Gpu gpu, Dimensions dimensions, Method method, double density) {
    method.requireFits(dimensions);
    this.dimensions = dimensions;
    this.method = method;
    training =
        new GpuTraining(
            gpu,
            dimensions.inputs(),
            dimensions.features(),
            dimensions.outputs(),
            settings(method, density));
    mirrors = training.arrays().stream().map(array -> new Mirror(training, array, arena)).toList();
  }

  static TrainingSettings settings(Method method, double density) {
    TrainingSettings.Penalty penalty =
        switch (method.sparsity()) {
          case Sparsity.L0() -> new TrainingSettings.L0();
          case Sparsity.TargetL0(double target) -> new TrainingSettings.TargetL0(target);
          case Sparsity.Tanh(double scale) -> new TrainingSettings.Tanh(scale);
        };
    return new TrainingSettings(
        penalty,
        method.bandwidth(),
        method.preBias(),
        method.reluFirst(),
        method.thresholdForm() == ThresholdForm.LOG,
        method.unitDecoder(),
        method.adam().beta1(),
        method.adam().beta2(),
        method.adam().epsilon(),
        method.clip(),
        density,
        method.precision());
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
    return begin(batch, rates).finish();
  }

  @Override
  public BegunStep begin(Batch batch, Rates rates) {
    if (expected.isEmpty()) {
      stage(batch);
    } else if (!expected.get().equals(batch)) {
      throw new IllegalArgumentException("a step of another batch than was expected");
    }
    expected = Optional.empty();
    mirrors.forEach(Mirror::giveBack);
    training.start(rates.learningRate(), rates.sparsity());
    return new Running();
  }

  private void stage(Batch batch) {
    batch.requireFits(dimensions);
    training.stage(batch.x(), batch.y(), batch.rows());
  }

  /** The step that the card computes. */
  private final class Running implements BegunStep {
    @Override
    public boolean running() {
      return true;
    }

    @Override
    public void expect(Batch next) {
      stage(next);
      expected = Optional.of(next);
    }

    @Override
    public StepReport finish() {
      TrainingReport report = training.finish();
      return new StepReport(
          report.loss(),
          report.reconstruction(),
          report.sparsity(),
          report.l0(),
          report.inBand(),
          report.thresholdMovement(),
          report.sparsityShare(),
          report.gradientNorm(),
          report.dense());
    }
  }

  @Override
  public List<StateArray> state() {
    return mirrors.stream().map(Mirror::view).toList();
  }

  @Override
  public Activations activations(Batch batch) {
    requireNothingExpected();
    batch.requireFits(dimensions);
    mirrors.forEach(Mirror::giveBack);
    GpuTraining.Activations found = training.activations(batch.x(), batch.rows());
    return new Activations(doubles(found.z()), doubles(found.f()), doubles(found.xhat()));
  }

  @Override
  public Gradients gradients(Batch batch, double sparsity) {
    requireNothingExpected();
    batch.requireFits(dimensions);
    mirrors.forEach(Mirror::giveBack);
    GpuTraining.Gradients found = training.gradients(batch.x(), batch.y(), batch.rows(), sparsity);
    return new Gradients(
        doubles(found.encoder()),
        doubles(found.encoderBias()),
        doubles(found.decoder()),
        doubles(found.projectedDecoder()),
        doubles(found.decoderBias()),
        found.thresholdReconstruction(),
        found.thresholdPenalty());
  }

  private void requireNothingExpected() {
    if (expected.isPresent()) {
      throw new IllegalStateException("the batch of the next step is on the card already");
    }
  }

  private static double[] doubles(float[] floats) {
    return IntStream.range(0, floats.length).mapToDouble(i -> floats[i]).toArray();
  }

  @Override
  public void close() {
    training.close();
    arena.close();
  }
}
