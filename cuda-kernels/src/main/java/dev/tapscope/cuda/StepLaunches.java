package dev.tapscope.cuda;

import static dev.tapscope.cuda.TrainingState.NULL;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** What sparse and dense steps begin and end with. */
final class StepLaunches {
  private static final int FOURS_OF_A_BLOCK = 256;

  private final Gpu gpu;
  private final TrainingSettings settings;
  private final TrainingState state;
  private final StepArrays arrays;
  private final Pinned told;
  private final Pinned heard;
  private final Kernel sumsOfBatch;
  private final Kernel clipGradient;
  private final Kernel moveVectors;
  private final Kernel biasGradient;

  StepLaunches(
      Gpu gpu,
      Holdings holdings,
      TrainingSettings settings,
      TrainingState state,
      StepArrays arrays) {
    this.gpu = gpu;
    this.settings = settings;
    this.state = state;
    this.arrays = arrays;
    told = new Pinned(gpu, StepValues.BYTES);
    holdings.hold(told::close);
    heard = new Pinned(gpu, StepResult.BYTES);
    holdings.hold(heard::close);
    sumsOfBatch = gpu.kernel("order", "sums_of_batch");
    clipGradient = gpu.kernel("vectors", "clip_gradient");
    moveVectors = gpu.kernel("vectors", "move_vectors");
    biasGradient = gpu.kernel("vectors", "write_decoder_bias_gradient");
  }

  Gpu gpu() {
    return gpu;
  }

  TrainingSettings settings() {
    return settings;
  }

  TrainingState state() {
    return state;
  }

  StepArrays arrays() {
    return arrays;
  }

  /** Threads of a block that goes over rows of that width, four columns each. */
  static int rowThreads(int width) {
    int fours = Math.ceilDiv(width, 4);
    int rounds = Math.ceilDiv(fours, FOURS_OF_A_BLOCK);
    return Math.ceilDiv(Math.ceilDiv(fours, rounds), 32) * 32;
  }

  /** Shared memory of a block that keeps one row. */
  static int rowBytes(int width) {
    int bytes = Math.ceilDiv(width, 4) * 4 * Float.BYTES;
    // Beside it a block has shared memory of a fixed size, and both count for what needs
    // permission.
    boolean nearLimit = bytes > (47 << 10) && bytes <= (48 << 10);
    return nearLimit ? (48 << 10) + 16 : bytes;
  }

  /** Where the next step's {@link StepValues} are written. */
  MemorySegment told() {
    return told.segment();
  }

  void begin() {
    arrays.values().upload(told, StepValues.BYTES, gpu.stream());
    arrays.counters().clear(gpu.stream());
  }

  /**
   * Sums over rows, and whether the step goes on.
   *
   * @param counts of the rows' lists, which then get their places by feature; empty in a dense step
   */
  void sumBatch(int rows, Optional<DeviceArray> counts) {
    int threads = StepArrays.VECTOR_THREADS;
    int ofLists = counts.isPresent() ? arrays.features() : 0;
    long errorBlocks =
        (long) StepArrays.errorPartCount(rows) * Math.ceilDiv(arrays.outputs(), threads);
    sumsOfBatch.launch(
        gpu.stream(),
        Grid.of(1 + Math.ceilDiv(ofLists, threads) + errorBlocks),
        threads,
        0,
        counts.isPresent() ? counts.get() : NULL,
        arrays.rowActive(),
        arrays.rowInBand(),
        counts.isPresent() ? NULL : arrays.rowUncertain(),
        arrays.rowSquares(),
        arrays.rowPenalty(),
        rows,
        ofLists,
        arrays.values(),
        arrays.counters(),
        arrays.histogram(),
        arrays.given(),
        arrays.starts(),
        arrays.sizes(),
        arrays.errors(),
        arrays.outputs(),
        arrays.errorParts());
  }

  /** From the squares of all features' rows to what gradients are multiplied by. */
  void clip(int rows) {
    clipGradient.launch(
        gpu.stream(),
        Grid.of(arrays.vectorBlocks()),
        StepArrays.VECTOR_THREADS,
        0,
        arrays.features(),
        arrays.outputs(),
        arrays.squares(),
        arrays.biasGradient(),
        state.threshold(),
        arrays.thresholdByErrors(),
        arrays.thresholdByPenalty(),
        arrays.errorParts(),
        StepArrays.errorPartCount(rows),
        arrays.throughParts(),
        throughParts(),
        arrays.values(),
        arrays.counters(),
        arrays.parts(),
        arrays.arrived());
  }

  /** After all rows. */
  void moveVectors(int rows) {
    moveVectors.launch(
        gpu.stream(),
        Grid.of(arrays.vectorBlocks()),
        StepArrays.VECTOR_THREADS,
        0,
        arrays.features(),
        arrays.outputs(),
        rows,
        state.encoderBias().values(),
        state.encoderBias().v(),
        state.encoderBias().means(),
        arrays.biasGradient(),
        state.trainedThreshold().values(),
        state.trainedThreshold().v(),
        state.trainedThreshold().means(),
        state.threshold(),
        arrays.thresholdByErrors(),
        arrays.thresholdByPenalty(),
        state.decoderBias().values(),
        state.decoderBias().v(),
        state.decoderBias().means(),
        arrays.errorParts(),
        StepArrays.errorPartCount(rows),
        arrays.throughParts(),
        throughParts(),
        arrays.featureActive(),
        state.tokensSinceFired(),
        arrays.values(),
        arrays.counters(),
        arrays.parts(),
        arrays.arrived());
  }

  /** For checking, in the place of {@link #moveVectors}. */
  void writeDecoderBiasGradient(int rows, DeviceArray gradient) {
    biasGradient.launch(
        gpu.stream(),
        Grid.covering(arrays.outputs(), StepArrays.VECTOR_THREADS),
        StepArrays.VECTOR_THREADS,
        0,
        arrays.outputs(),
        arrays.errorParts(),
        StepArrays.errorPartCount(rows),
        arrays.throughParts(),
        throughParts(),
        arrays.counters(),
        gradient);
  }

  /** Parts of what goes through the input. */
  int throughParts() {
    return settings.preBias() ? arrays.throughPartCount() : 0;
  }

  void end() {
    arrays.counters().download(heard, 0, StepResult.BYTES, gpu.stream());
  }

  /** Waits for what {@link #end} has started. */
  StepResult result() {
    gpu.synchronize();
    return StepResult.read(heard.segment());
  }

  /** Lengths of decoder rows, where the penalty asks for them. */
  Object decoderLength() {
    return settings.ofLengths() ? arrays.decoderLength() : NULL;
  }
}
