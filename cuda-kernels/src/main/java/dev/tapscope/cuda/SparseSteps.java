package dev.tapscope.cuda;

import java.util.Optional;

/** Steps by lists of what is active or in its band. */
final class SparseSteps extends Steps {
  private static final int SCATTER_THREADS = 128;

  /** Less than what needs no permission by more than the kernels' static arrays. */
  private static final int SHARED_BYTES = 47 << 10;

  /** Rows of a list that are summed by themselves: {@code LIST_PIECE} of training.cuh. */
  private static final int PIECE = 256;

  /** Pieces that blocks of their own sum at most; what is more, the features' blocks sum. */
  private static final int MOST_PIECES = 1024;

  private final Pairs pairs;
  private final Reusable byError;
  private final Reusable byFeature;
  private final Reusable ordered;
  private final Reusable activeRow;
  private final Reusable activeF;
  private final Reusable activeByZ;
  private final Reusable pieceFeature;
  private final Reusable pieceSums;
  private final Kernel decodeErrors;
  private final Kernel scatterPairs;
  private final Kernel featureSums;
  private final Kernel sumsBeforeRows;
  private final Kernel sparseRows;
  private int leastCapacity;

  /**
   * @param leastCapacity pairs of a row there is room for at first
   */
  SparseSteps(Holdings holdings, StepLaunches launches, Encoder encoder, int leastCapacity) {
    super(launches, encoder);
    this.leastCapacity = Math.min(leastCapacity, arrays.features());
    pairs = new Pairs(gpu.memory(), 1, 1);
    holdings.hold(pairs::close);
    byError = holdings.reusable("pairs of a batch");
    byFeature = holdings.reusable("pairs of a batch by feature");
    ordered = holdings.reusable("pairs of a batch by feature");
    activeRow = holdings.reusable("rows of features");
    activeF = holdings.reusable("features of a batch");
    activeByZ = holdings.reusable("gradients of a batch");
    pieceFeature = holdings.reusable("features of pieces of lists");
    pieceSums = holdings.reusable("sums of pieces of lists");
    decodeErrors = gpu.kernel("decode", "decode_errors");
    scatterPairs = gpu.kernel("order", "scatter_pairs");
    featureSums = gpu.kernel("order", "feature_sums");
    sumsBeforeRows = gpu.kernel("gradients", "sums_before_rows");
    sparseRows = gpu.kernel("gradients", "sparse_rows");
  }

  /** Bytes for lists of so many pairs a row. */
  private static long bytesOfLists(long rows, long capacity) {
    return rows * (Integer.BYTES + capacity * (8L * Integer.BYTES));
  }

  /** Bytes for lists of so many pairs a row, and for the pieces of long lists. */
  static long bytes(int inputs, int features, int outputs, int rows, long capacity) {
    long piece = Integer.BYTES + floatsOfAPiece(inputs, outputs) * Float.BYTES;
    return bytesOfLists(rows, capacity) + mostPieces(rows, features) * piece;
  }

  /** Of a list that is no longer than a piece there are none. */
  private static int mostPieces(int rows, int features) {
    long pieces = rows > PIECE ? (long) features * Math.ceilDiv(rows, PIECE) : 0;
    return (int) Math.min(pieces, MOST_PIECES);
  }

  private static long floatsOfAPiece(int inputs, int outputs) {
    return 4L * (Math.ceilDiv(inputs, 4) + Math.ceilDiv(outputs, 4));
  }

  /** The lists of the last batch. */
  ActiveLists download(int rows) {
    try (Gathering gathering = new Gathering(gpu)) {
      return gathering.download(pairs, pairs.downloadCounts(rows));
    }
  }

  /** Has lists that long from the next step on. */
  void expect(long longest) {
    long wanted = Math.min(arrays.features(), longest + longest / 4);
    leastCapacity = (int) Math.max(leastCapacity, wanted);
  }

  /**
   * @throws GpuMemoryException when there is not enough, or lists would have too many places to be
   *     numbered
   */
  @Override
  void makeRoom(int rows) {
    int capacity = Math.max(pairs.capacity(), leastCapacity);
    if ((long) rows * (capacity + Pairs.STEP) > Integer.MAX_VALUE) {
      long bytes = bytesOfLists(rows, capacity);
      throw new GpuMemoryException(
          "A row of the batch has %d active features, and lists of %d rows cannot be that long."
                  .formatted(leastCapacity, rows)
              + " Use smaller batches, or device=cpu.",
          bytes);
    }
    pairs.grow(rows, leastCapacity);
    long bytes = StepArrays.ints((long) pairs.rows() * pairs.capacity());
    byError.atLeast(bytes);
    byFeature.atLeast(bytes);
    ordered.atLeast(bytes);
    activeRow.atLeast(bytes);
    activeF.atLeast(bytes);
    activeByZ.atLeast(bytes);
    long pieces = mostPieces(rows, arrays.features());
    pieceFeature.atLeast(StepArrays.ints(pieces));
    pieceSums.atLeast(StepArrays.ints(pieces * floatsOfAPiece(arrays.inputs(), arrays.outputs())));
  }

  @Override
  void forward(DeviceArray x, Object y, int rows) {
    Optional<DeviceArray> offsets =
        settings.preBias() ? Optional.of(state.decoderBias().values()) : Optional.empty();
    encoder.encode(
        x,
        offsets,
        rows,
        state.encoder().values(),
        state.encoderBias().values(),
        state.threshold(),
        settings.halfBand(),
        settings.reluFirst(),
        pairs,
        arrays.counters());
    decodeErrors.launch(
        gpu.stream(),
        Grid.of(rows),
        StepLaunches.rowThreads(arrays.outputs()),
        0,
        y,
        pairs.counts(),
        pairs.features(),
        pairs.z(),
        pairs.capacity(),
        state.threshold(),
        state.decoder().values(),
        state.decoderBias().values(),
        launches.decoderLength(),
        arrays.outputs(),
        arrays.values(),
        arrays.counters(),
        arrays.errors(),
        byError.array(),
        arrays.rowActive(),
        arrays.rowInBand(),
        arrays.rowSquares(),
        arrays.rowPenalty(),
        arrays.histogram());
  }

  /** Also the lists that {@link #rows} goes over. */
  @Override
  void sums(DeviceArray x, int rows) {
    launches.sumBatch(rows, Optional.of(pairs.counts()));
    scatterPairs.launch(
        gpu.stream(),
        Grid.of(rows),
        SCATTER_THREADS,
        0,
        pairs.counts(),
        pairs.features(),
        pairs.capacity(),
        arrays.counters(),
        arrays.histogram(),
        arrays.starts(),
        byFeature.array());
    int bytesOfAWarp = 2 * Integer.BYTES * Math.ceilDiv(rows, Integer.SIZE);
    int warps = Math.clamp(SHARED_BYTES / bytesOfAWarp, 1, 4);
    featureSums.launch(
        gpu.stream(),
        Grid.covering(arrays.features(), warps),
        32 * warps,
        warps * bytesOfAWarp,
        pairs.z(),
        byError.array(),
        rows,
        pairs.capacity(),
        arrays.features(),
        state.threshold(),
        launches.decoderLength(),
        arrays.rowActive(),
        arrays.values(),
        arrays.counters(),
        arrays.starts(),
        arrays.sizes(),
        byFeature.array(),
        ordered.array(),
        activeRow.array(),
        activeF.array(),
        activeByZ.array(),
        arrays.biasGradient(),
        arrays.thresholdByErrors(),
        arrays.thresholdByPenalty(),
        arrays.byLength(),
        arrays.featureActive(),
        arrays.piecesGiven(),
        mostPieces(rows, arrays.features()),
        pieceFeature.array(),
        arrays.firstPiece());
    sumBeforeRows(x, rows);
  }

  /**
   * Over the pieces of long lists, of which {@link #rows} makes those of the lists; and over all
   * features for what goes through the input.
   */
  private void sumBeforeRows(DeviceArray x, int rows) {
    int pieces = mostPieces(rows, arrays.features());
    int threads = StepLaunches.rowThreads(Math.max(arrays.inputs(), arrays.outputs()));
    long throughBlocks = (long) launches.throughParts() * Math.ceilDiv(arrays.inputs(), threads);
    sumsBeforeRows.launch(
        gpu.stream(),
        Grid.of(pieces + throughBlocks),
        threads,
        0,
        arrays.inputs(),
        arrays.outputs(),
        arrays.counters(),
        arrays.piecesGiven(),
        pieces,
        pieceFeature.array(),
        arrays.firstPiece(),
        arrays.starts(),
        arrays.featureActive(),
        activeRow.array(),
        activeF.array(),
        activeByZ.array(),
        x,
        arrays.errors(),
        pieceSums.array(),
        arrays.biasGradient(),
        state.encoder().values(),
        arrays.features(),
        arrays.featuresOfAPart(),
        arrays.throughParts());
  }

  @Override
  void rows(DeviceArray x, int rows, RowWork work) {
    int width = Math.max(arrays.inputs(), arrays.outputs());
    sparseRows.launch(
        gpu.stream(),
        Grid.of(arrays.features()),
        StepLaunches.rowThreads(width),
        StepLaunches.rowBytes(width),
        work.arguments(
            state,
            arrays,
            encoder,
            settings,
            settings.preBias(),
            arrays.starts(),
            activeRow.array(),
            activeF.array(),
            activeByZ.array(),
            x,
            arrays.errors(),
            arrays.firstPiece(),
            pieceSums.array()));
  }
}
