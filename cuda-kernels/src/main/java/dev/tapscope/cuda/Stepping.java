package dev.tapscope.cuda;

import java.util.concurrent.Executor;
import java.util.function.Supplier;

/**
 * How a step is taken: in one of two ways, of which that of the last step is tried first. Where it
 * was the wrong one, or a list was too long for its room, nothing has been changed, and the step is
 * taken again.
 */
final class Stepping {
  /** Steps between two looks at what the encoder has learned. */
  private static final int LEARNING = 64;

  private final Gpu gpu;
  private final TrainingSettings settings;
  private final TrainingState state;
  private final StepArrays arrays;
  private final StepLaunches launches;
  private final Encoder encoder;
  private final SparseSteps sparseSteps;
  private final DenseSteps denseSteps;
  private final Kernel decoderLengths;
  private final Kernel thresholdsOfLogarithms;
  private Executor launching = Runnable::run;
  private boolean derivedAreOld = true;
  private boolean dense;
  private long stepsHere;
  private long repetitions;

  /** Set while parameters move: whoever leaves by an exception then leaves them half-way. */
  private boolean halfWay;

  /**
   * One step.
   *
   * @param number from 1
   * @param sparsity coefficient of the penalty
   */
  record Step(
      StagedBatches.Slot batch, long number, double learningRate, double sparsity, RowWork work) {}

  /**
   * @param products for dense steps
   * @param capacity of a row's list at first
   * @param entriesOfAChunk of all rows in a dense step, about
   * @throws GpuMemoryException when there is not enough
   */
  Stepping(
      Gpu gpu,
      Holdings holdings,
      TrainingSettings settings,
      TrainingState state,
      StepArrays arrays,
      Supplier<Products> products,
      int capacity,
      long entriesOfAChunk) {
    this.gpu = gpu;
    this.settings = settings;
    this.state = state;
    this.arrays = arrays;
    launches = new StepLaunches(gpu, holdings, settings, state, arrays);
    encoder = new Encoder(gpu, arrays.inputs(), arrays.features(), settings.precision());
    holdings.hold(encoder::close);
    gpu.screening().ifPresent(encoder::through);
    sparseSteps = new SparseSteps(holdings, launches, encoder, capacity);
    Products ofDense = products.get();
    holdings.hold(ofDense::close);
    denseSteps = new DenseSteps(holdings, launches, encoder, ofDense, entriesOfAChunk);
    decoderLengths = gpu.kernel("gradients", "decoder_lengths");
    thresholdsOfLogarithms = gpu.kernel("vectors", "thresholds_of_logarithms");
  }

  StepLaunches launches() {
    return launches;
  }

  SparseSteps sparse() {
    return sparseSteps;
  }

  DenseSteps dense() {
    return denseSteps;
  }

  /** Whether the last step was a dense one. */
  boolean isDense() {
    return dense;
  }

  /** Whether a step has failed when it had changed a part of the parameters. */
  boolean isHalfWay() {
    return halfWay;
  }

  /** Somebody has written to the arrays: what follows from them is made anew. */
  void arraysHaveChanged() {
    derivedAreOld = true;
  }

  /** Has the launches of each step started by somebody else, who may record and replay them. */
  void launchBy(Executor executor) {
    launching = executor;
  }

  /** How often a step was taken again because of its way or the room for its lists. */
  long repetitions() {
    return repetitions;
  }

  /** Launches a step. */
  void launch(Step step) {
    launch(step, false);
  }

  /**
   * Waits for a step that was launched, and goes on until it has been taken in the way that is its
   * batch's.
   *
   * @throws ArithmeticException when a value of the batch or the loss is not finite; the arrays are
   *     then as they were before
   */
  StepResult settle(Step step) {
    while (true) {
      StepResult result = launches.result();
      if (result.has(StepResult.OVERFLOW) || isTimeToLearn()) {
        encoder.settle();
      }
      halfWay = false;
      if (result.has(StepResult.NOT_FINITE)) {
        throw new ArithmeticException("A row of the batch holds a value that is not finite.");
      }
      boolean decided = false;
      if (result.has(StepResult.OVERFLOW)) {
        decided = result.kept() >= least(step.batch().rows());
        dense = decided;
        sparseSteps.expect(decided ? 0 : result.longest());
      } else if (result.has(StepResult.MODE)) {
        // What a dense step counts may be off by entries near their gates, and then only tells
        // that the lists have to: their count is exact.
        decided = !dense;
        dense = !dense;
      } else if (result.has(StepResult.LOSS)) {
        throw new ArithmeticException("The loss of the batch is " + loss(result, step) + ".");
      } else if (result.has(StepResult.GRADIENT)) {
        throw new ArithmeticException("The gradient of the batch is not finite.");
      } else {
        return result;
      }
      repetitions++;
      launch(step, decided);
    }
  }

  /** Whether to look at what the encoder's screen needs: often at first, then now and then. */
  private boolean isTimeToLearn() {
    stepsHere++;
    return Long.bitCount(stepsHere) == 1 || stepsHere % LEARNING == 0;
  }

  private double least(int rows) {
    return settings.density() * ((double) rows * arrays.features());
  }

  /**
   * @param decided whether the batch is known to be one for a dense step
   */
  private void launch(Step step, boolean decided) {
    StagedBatches.Slot batch = step.batch();
    int rows = batch.rows();
    double least = least(rows);
    if (least == 0) {
      dense = true;
    }
    boolean surely = decided || least == 0;
    arrays.makeRoom(rows);
    way().makeRoom(rows);
    deriveWhatIsOld();
    StepValues.write(
        launches.told(),
        settings,
        step.number(),
        step.sparsity() / rows,
        step.learningRate(),
        dense && surely ? Double.NEGATIVE_INFINITY : least);
    launching.execute(() -> launchAll(step));
  }

  /** All that a step launches: no decision of the host lies between, so that it can be replayed. */
  private void launchAll(Step step) {
    StagedBatches.Slot batch = step.batch();
    int rows = batch.rows();
    launches.begin();
    Steps way = way();
    way.forward(batch.x(), batch.y(), rows);
    way.sums(batch.x(), rows);
    boolean moving = step.work() instanceof RowWork.Move;
    if (moving && settings.clip().isPresent()) {
      way.rows(batch.x(), rows, new RowWork.Norm());
      launches.clip(rows);
    }
    halfWay = moving;
    way.rows(batch.x(), rows, step.work());
    if (moving) {
      launches.moveVectors(rows);
    }
    launches.end();
  }

  private Steps way() {
    return dense ? denseSteps : sparseSteps;
  }

  /** Makes what follows from the arrays and was not made by the last step. */
  private void deriveWhatIsOld() {
    if (!derivedAreOld) {
      return;
    }
    encoder.shadow(state.encoder().values());
    if (settings.ofLengths()) {
      decoderLengths.launch(
          gpu.stream(),
          Grid.of(arrays.features()),
          StepLaunches.rowThreads(Math.max(arrays.inputs(), arrays.outputs())),
          0,
          state.decoder().values(),
          arrays.outputs(),
          arrays.decoderLength());
    }
    if (settings.logThreshold()) {
      thresholdsOfLogarithms.launch(
          gpu.stream(),
          Grid.covering(arrays.features(), StepArrays.VECTOR_THREADS),
          StepArrays.VECTOR_THREADS,
          0,
          state.trainedThreshold().values(),
          arrays.features(),
          state.threshold());
    }
    derivedAreOld = false;
  }

  private static double reconstruction(StepResult result, Step step) {
    return result.squares() / step.batch().rows();
  }

  private static double loss(StepResult result, Step step) {
    double weight = step.sparsity() / step.batch().rows();
    return reconstruction(result, step) + weight * result.penalties();
  }

  /** What a step that has been taken tells. */
  TrainingReport report(StepResult result, Step step) {
    double rows = step.batch().rows();
    double shares = result.penaltyShare() + result.errorShare();
    return new TrainingReport(
        loss(result, step),
        reconstruction(result, step),
        result.penalties() / rows,
        result.active() / rows,
        result.inBand() / rows,
        result.movement() / arrays.features(),
        shares == 0 ? 0 : result.penaltyShare() / shares,
        settings.clip().isPresent() ? result.norm() : Double.NaN,
        dense);
  }
}
