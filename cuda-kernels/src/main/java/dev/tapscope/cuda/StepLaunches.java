package dev.tapscope.cuda;

import static dev.tapscope.cuda.TrainingState.NULL;

import java.lang.foreign.MemorySegment;

/** What sparse and dense steps begin and end with. */
final class StepLaunches {
  private static final int FOURS_OF_A_BLOCK = 256;

  private final Gpu gpu;
  private final TrainingSettings settings;
  private final TrainingState state;
  private final StepArrays arrays;
  private final Pinned told;
  private final Pinned heard;
  private final Kernel errorSums;
  private final Kernel throughInputs;
  private final Kernel normParts;
  private final Kernel clipGradient;
  private final Kernel moveVectors;
  private final Kernel report;
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
    errorSums = gpu.kernel("decode", "error_sums");
    throughInputs = gpu.kernel("gradients", "through_inputs");
    normParts = gpu.kernel("vectors", "norm_parts");
    clipGradient = gpu.kernel("report", "clip_gradient");
    moveVectors = gpu.kernel("vectors", "move_vectors");
    report = gpu.kernel("report", "report");
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

  void sumErrors(int rows) {
    int threads = StepArrays.VECTOR_THREADS;
    Grid grid = Grid.of(Math.ceilDiv(arrays.outputs(), threads), StepArrays.errorPartCount(rows));
    errorSums.launch(
        gpu.stream(),
        grid,
        threads,
        0,
        arrays.errors(),
        rows,
        arrays.outputs(),
        arrays.counters(),
        arrays.errorParts());
  }

  /** For some features, from a multiple of {@link StepArrays#featuresOfAPart} on. */
  void sumThroughInputs(int first, int end) {
    if (!settings.preBias()) {
      return;
    }
    int threads = StepArrays.VECTOR_THREADS;
    int part = arrays.featuresOfAPart();
    throughInputs.launch(
        gpu.stream(),
        Grid.of(Math.ceilDiv(arrays.inputs(), threads), Math.ceilDiv(end - first, part)),
        threads,
        0,
        arrays.biasGradient(),
        state.encoder().values(),
        first,
        end,
        part,
        arrays.inputs(),
        arrays.counters(),
        arrays.throughParts());
  }

  /** From the squares of all features' rows to what gradients are multiplied by. */
  void clip(int rows) {
    normParts.launch(
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
        arrays.parts());
    clipGradient.launch(
        gpu.stream(),
        Grid.of(1),
        StepArrays.VECTOR_THREADS,
        0,
        arrays.parts(),
        arrays.vectorBlocks(),
        arrays.values(),
        arrays.counters());
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
        arrays.parts());
    report.launch(
        gpu.stream(),
        Grid.of(1),
        StepArrays.VECTOR_THREADS,
        0,
        arrays.parts(),
        arrays.vectorBlocks(),
        arrays.counters());
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

  private int throughParts() {
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
