package dev.tapscope.step;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** The forward pass of a batch and its loss; what it holds is overwritten by the next batch. */
final class Forward implements AutoCloseable {
  private final Team team;
  private final Dimensions dimensions;
  private final Method method;
  private final FloatWeights weights;
  private final FusedEncoder encoder;
  private final PackedRows packed;
  private final Entries entries;
  private final ActiveRows active = new ActiveRows();
  private final SparseDecoder decoder;
  private final DenseDecoder denseDecoder;
  private final Density density;
  private final MemorySegment errorSum;
  private final double[] decoderLengths;
  private Gate gate = new Gate(new float[0], 1);
  private Penalty penalty;
  private MemorySegment errors = MemorySegment.NULL;
  private int rows;
  private boolean dense;
  private double squares;
  private double penalties;

  Forward(
      Team team,
      Arena arena,
      Dimensions dimensions,
      Method method,
      FloatWeights weights,
      Density density) {
    this.team = team;
    this.dimensions = dimensions;
    this.method = method;
    this.weights = weights;
    this.encoder = new FusedEncoder(team, dimensions.inputs(), dimensions.features());
    this.packed = new PackedRows(team, dimensions.inputs());
    this.entries = new Entries(dimensions.features());
    this.decoder = new SparseDecoder(team, dimensions.outputs());
    this.denseDecoder = new DenseDecoder(team, dimensions);
    this.density = density;
    this.errorSum = Lanes.floats(arena, dimensions.outputs());
    this.decoderLengths = new double[dimensions.features()];
    this.penalty = new Penalty(method.sparsity(), 0);
  }

  /**
   * @throws ArithmeticException when a value of the batch is not finite
   */
  void run(Batch batch, double coefficient) {
    rows = batch.rows();
    requireFinite(batch);
    gate = new Gate(weights.thresholds(method.thresholdForm()), method.bandwidth());
    penalty = new Penalty(method.sparsity(), coefficient / rows);
    packed.pack(batch.x(), rows, inputOffsets());
    encoder.encode(
        packed,
        weights.encoder().values(),
        weights.encoderBias().values(),
        gate,
        method.reluFirst(),
        entries);
    team.run(Phase.SORT, 1, (worker, part) -> active.sort(entries, gate, rows));
    dense = density.dense(entries.active() + entries.inBand(), (long) rows * dimensions.features());
    if (dense) {
      errors = decoder.biases(weights, rows);
      denseDecoder.add(entries, gate, weights.decoder(), errors, rows);
    } else {
      errors = decoder.decode(active, weights, rows);
    }
  }

  /** Goes from reconstructions to the loss and its gradient by them. */
  void compare(Batch batch) {
    squares = decoder.compare(errors, batch.y(), rows, errorSum);
    if (penalty.ofLengths()) {
      measureDecoder();
    }
    penalties = 0;
    for (int t = 0; t < rows; t++) {
      penalties += penalty.ofL0(active.l0(t));
      for (int i = active.start(t); penalty.ofLengths() && i < active.end(t); i++) {
        penalties += penalty.ofLength(active.z(i) * decoderLengths[active.feature(i)]);
      }
    }
  }

  private void requireFinite(Batch batch) {
    int[] wrong = new int[team.size()];
    team.run(
        Phase.PACK,
        rows,
        (worker, row) -> {
          boolean finite =
              RowKernels.finite(
                      batch.x(),
                      (long) row * dimensions.inputs() * Float.BYTES,
                      dimensions.inputs())
                  && RowKernels.finite(
                      batch.y(),
                      (long) row * dimensions.outputs() * Float.BYTES,
                      dimensions.outputs());
          wrong[worker] += finite ? 0 : 1;
        });
    if (Arrays.stream(wrong).sum() > 0) {
      throw new ArithmeticException("A row of the batch holds a value that is not finite.");
    }
  }

  private float[] inputOffsets() {
    return method.preBias()
        ? weights.decoderBias().values().toArray(Lanes.FLOAT)
        : new float[dimensions.inputs()];
  }

  private void measureDecoder() {
    FloatParameter decoderRows = weights.decoder();
    int width = decoderRows.width();
    MemorySegment values = decoderRows.values();
    team.run(
        Phase.DECODE,
        dimensions.features(),
        (worker, feature) -> {
          long at = decoderRows.at(feature);
          decoderLengths[feature] = Math.sqrt(RowKernels.dot(values, at, values, at, width));
        });
  }

  int rows() {
    return rows;
  }

  /** Whether so much is active that dense products are faster. */
  boolean dense() {
    return dense;
  }

  Gate gate() {
    return gate;
  }

  Penalty penalty() {
    return penalty;
  }

  Entries entries() {
    return entries;
  }

  ActiveRows active() {
    return active;
  }

  /** After {@link #run} the reconstructions, after {@link #compare} the loss's gradient by them. */
  MemorySegment errors() {
    return errors;
  }

  /** The sum of {@link #errors} over the rows. */
  MemorySegment errorSum() {
    return errorSum;
  }

  /** {@code ||W_dec[f]||}, where the penalty asks for it. */
  double decoderLength(int feature) {
    return decoderLengths[feature];
  }

  double reconstruction() {
    return squares / rows;
  }

  double sparsity() {
    return penalties / rows;
  }

  double loss() {
    return reconstruction() + penalty.weight() * penalties;
  }

  double l0() {
    return (double) entries.active() / rows;
  }

  double inBand() {
    return (double) entries.inBand() / rows;
  }

  @Override
  public void close() {
    packed.close();
    decoder.close();
    denseDecoder.close();
  }
}
