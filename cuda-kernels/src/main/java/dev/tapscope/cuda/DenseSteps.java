package dev.tapscope.cuda;

import java.util.Optional;

/**
 * Steps by products of whole matrices, for batches in which too much is active for lists. Features
 * are worked through in chunks; {@code dense.cu} has the formulas.
 */
final class DenseSteps extends Steps {
  private static final int THREADS = 256;
  private static final int COLUMNS_OF_A_BLOCK = 32;

  /** What half precision adds to the error of a preactivation: {@code 2 u + u^2}, rounded up. */
  private static final double HALVES = 0x1p-10 * 1.001;

  private final Products products;
  private final long entriesOfAChunk;
  private final Reusable centred;
  private final Reusable inputNorms;
  private final Reusable z;
  private final Reusable f;
  private final Reusable byError;
  private final Reusable encoderSums;
  private final Reusable decoderSums;
  private final Kernel centerRows;
  private final Kernel gateRows;
  private final Kernel gateAgain;
  private final Kernel gateColumns;
  private final Kernel compareRows;
  private final Kernel throughInputs;
  private final Kernel denseRows;

  /**
   * @param entriesOfAChunk of all rows, about
   */
  DenseSteps(
      Holdings holdings,
      StepLaunches launches,
      Encoder encoder,
      Products products,
      long entriesOfAChunk) {
    super(launches, encoder);
    this.products = products;
    this.entriesOfAChunk = entriesOfAChunk;
    centred = holdings.reusable("rows of a batch");
    inputNorms = holdings.reusable("lengths of rows");
    z = holdings.reusable("preactivations of a chunk");
    f = holdings.reusable("features of a chunk");
    byError = holdings.reusable("gradients of a chunk");
    encoderSums = holdings.reusable("gradients of W_enc");
    decoderSums = holdings.reusable("gradients of W_dec");
    centerRows = gpu.kernel("dense", "center_rows");
    gateRows = gpu.kernel("dense", "gate_rows");
    gateAgain = gpu.kernel("dense", "gate_again");
    gateColumns = gpu.kernel("dense", "gate_columns");
    compareRows = gpu.kernel("decode", "compare_rows");
    throughInputs = gpu.kernel("gradients", "through_inputs");
    denseRows = gpu.kernel("gradients", "dense_rows");
  }

  /**
   * Features of a chunk: whole parts of {@link StepArrays#featuresOfAPart}, at least one.
   *
   * @param width of the wider rows, whose sums are as many as features
   */
  private static long chunk(long rows, long features, long width, long part, long entries) {
    long parts = Math.max(1, entries / Math.max(rows, width / 4) / part);
    return Math.min(features, parts * part);
  }

  private int chunk(int rows) {
    int width = Math.max(arrays.inputs(), arrays.outputs());
    int part = arrays.featuresOfAPart();
    return (int) chunk(rows, arrays.features(), width, part, entriesOfAChunk);
  }

  /**
   * @throws GpuMemoryException when there is not enough
   */
  @Override
  void makeRoom(int rows) {
    long chunk = chunk(rows);
    if (settings.preBias()) {
      centred.atLeast(StepArrays.ints((long) rows * arrays.inputs()));
    }
    inputNorms.atLeast(StepArrays.ints(rows));
    z.atLeast(StepArrays.ints(rows * chunk));
    f.atLeast(StepArrays.ints(rows * chunk));
    byError.atLeast(StepArrays.ints(rows * chunk));
    encoderSums.atLeast(StepArrays.ints(chunk * arrays.inputs()));
    decoderSums.atLeast(StepArrays.ints(chunk * arrays.outputs()));
  }

  /** Bytes of that room. */
  static long bytes(
      long inputs,
      long features,
      long outputs,
      long rows,
      TrainingSettings settings,
      long entries) {
    int part = StepArrays.featuresOfAPart(Math.toIntExact(features));
    long chunk = chunk(rows, features, Math.max(inputs, outputs), part, entries);
    long centred = settings.preBias() ? rows * inputs : 0;
    return Float.BYTES * (centred + rows + 3 * rows * chunk + chunk * (inputs + outputs));
  }

  /** What is multiplied with W_enc. */
  private DeviceArray input(DeviceArray x) {
    return settings.preBias() ? centred.array() : x;
  }

  /** Sees what a chunk's preactivations are, before the next takes their place. */
  @FunctionalInterface
  interface Watcher {
    Watcher NONE = (first, count, z, f) -> {};

    void see(int first, int count, DeviceArray z, DeviceArray f);
  }

  @Override
  void forward(DeviceArray x, Object y, int rows) {
    forward(x, y, rows, Watcher.NONE);
  }

  void forward(DeviceArray x, Object y, int rows, Watcher watcher) {
    centerRows.launch(
        gpu.stream(),
        Grid.of(rows),
        StepLaunches.rowThreads(arrays.inputs()),
        0,
        x,
        settings.preBias() ? state.decoderBias().values() : TrainingState.NULL,
        arrays.inputs(),
        arrays.counters(),
        settings.preBias() ? centred.array() : TrainingState.NULL,
        inputNorms.array());
    // Both orders of summation may be off, and half precision where that is what lists are made by.
    double halves = settings.precision() == Precision.FAST ? HALVES : 0;
    float slack = (float) (1.01 * (2 * products.error(arrays.inputs()) + halves));
    int chunk = chunk(rows);
    for (int first = 0; first < arrays.features(); first += chunk) {
      int count = Math.min(chunk, arrays.features() - first);
      multiplyInputs(x, rows, first, count);
      gateRows.launch(
          gpu.stream(),
          Grid.of(rows),
          THREADS,
          0,
          z.array(),
          f.array(),
          count,
          first,
          state.encoderBias().values(),
          state.threshold(),
          launches.decoderLength(),
          inputNorms.array(),
          encoder.shadow().norms(),
          slack,
          settings.reluFirst() ? 1 : 0,
          arrays.values(),
          arrays.counters(),
          arrays.rowActive(),
          arrays.rowInBand(),
          arrays.rowUncertain(),
          arrays.rowPenalty());
      products.nn(
          gpu.stream(),
          rows,
          arrays.outputs(),
          count,
          f.array().address(),
          at(state.decoder().values(), first, arrays.outputs()),
          first > 0,
          arrays.errors().address());
      watcher.see(first, count, z.array(), f.array());
    }
    compareRows.launch(
        gpu.stream(),
        Grid.of(rows),
        StepLaunches.rowThreads(arrays.outputs()),
        0,
        y,
        state.decoderBias().values(),
        arrays.outputs(),
        arrays.values(),
        arrays.counters(),
        arrays.errors(),
        arrays.rowActive(),
        arrays.rowSquares(),
        arrays.rowPenalty());
  }

  private void multiplyInputs(DeviceArray x, int rows, int first, int count) {
    products.nt(
        gpu.stream(),
        rows,
        count,
        arrays.inputs(),
        input(x).address(),
        at(state.encoder().values(), first, arrays.inputs()),
        false,
        z.array().address());
  }

  /** Over rows alone: those of features come chunk by chunk, with their rows. */
  @Override
  void sums(DeviceArray x, int rows) {
    launches.sumBatch(rows, Optional.empty());
  }

  /** The way back, chunk by chunk. */
  @Override
  void rows(DeviceArray x, int rows, RowWork work) {
    int chunk = chunk(rows);
    for (int first = 0; first < arrays.features(); first += chunk) {
      int count = Math.min(chunk, arrays.features() - first);
      if (chunk < arrays.features()) {
        // Another chunk has taken its place.
        multiplyInputs(x, rows, first, count);
        gateAgain.launch(
            gpu.stream(),
            Grid.of(rows),
            THREADS,
            0,
            z.array(),
            f.array(),
            count,
            first,
            state.encoderBias().values(),
            state.threshold(),
            settings.reluFirst() ? 1 : 0,
            arrays.counters());
      }
      products.nt(
          gpu.stream(),
          rows,
          count,
          arrays.outputs(),
          arrays.errors().address(),
          at(state.decoder().values(), first, arrays.outputs()),
          false,
          byError.array().address());
      gateColumns(rows, first, count);
      products.tn(
          gpu.stream(),
          count,
          arrays.inputs(),
          rows,
          byError.array().address(),
          input(x).address(),
          false,
          encoderSums.array().address());
      products.tn(
          gpu.stream(),
          count,
          arrays.outputs(),
          rows,
          f.array().address(),
          arrays.errors().address(),
          false,
          decoderSums.array().address());
      sumThroughInputs(first, first + count);
      int width = Math.max(arrays.inputs(), arrays.outputs());
      denseRows.launch(
          gpu.stream(),
          Grid.of(count),
          StepLaunches.rowThreads(width),
          StepLaunches.rowBytes(width),
          work.arguments(
              state,
              arrays,
              encoder,
              settings,
              false,
              first,
              encoderSums.array(),
              decoderSums.array()));
    }
  }

  private void gateColumns(int rows, int first, int count) {
    gateColumns.launch(
        gpu.stream(),
        Grid.covering(count, COLUMNS_OF_A_BLOCK),
        THREADS,
        0,
        z.array(),
        byError.array(),
        rows,
        count,
        first,
        state.threshold(),
        launches.decoderLength(),
        arrays.rowActive(),
        arrays.values(),
        arrays.counters(),
        arrays.biasGradient(),
        arrays.thresholdByErrors(),
        arrays.thresholdByPenalty(),
        arrays.byLength(),
        arrays.featureActive());
  }

  /** For some features, from a multiple of {@link StepArrays#featuresOfAPart} on. */
  private void sumThroughInputs(int first, int end) {
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

  private static long at(DeviceArray matrix, int row, int width) {
    return matrix.address() + StepArrays.ints((long) row * width);
  }
}
