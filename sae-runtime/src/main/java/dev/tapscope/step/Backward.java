package dev.tapscope.step;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The gradients of a batch, feature by feature: each feature's rows are handed over while they are
 * in the nearest cache, and are nowhere kept. {@link PlainBackward} has the formulas.
 */
final class Backward implements AutoCloseable {
  /**
   * Is given the gradients of every feature, and may move the feature's own rows; on any thread.
   */
  @FunctionalInterface
  interface Receiver {
    /** Gradients of the decoder's row are not projected yet. */
    void receive(int feature, FeatureGradients gradients);
  }

  private final Team team;
  private final Dimensions dimensions;
  private final Method method;
  private final FloatWeights weights;
  private final SparseSums[] sums;
  private final DensePanels panels;
  private final List<DenseSums> denseSums = new ArrayList<>();
  private final Scratch throughInputs = new Scratch();
  private final MemorySegment encoderBias;
  private final MemorySegment decoderBias;
  private final double[] thresholdReconstruction;
  private final double[] thresholdSparsity;

  Backward(Team team, Arena arena, Dimensions dimensions, Method method, FloatWeights weights) {
    this.team = team;
    this.dimensions = dimensions;
    this.method = method;
    this.weights = weights;
    sums =
        Stream.generate(() -> new SparseSums(arena, dimensions))
            .limit(team.size())
            .toArray(SparseSums[]::new);
    panels = new DensePanels(team, dimensions);
    encoderBias = Lanes.floats(arena, dimensions.features());
    decoderBias = Lanes.floats(arena, dimensions.outputs());
    thresholdReconstruction = new double[dimensions.features()];
    thresholdSparsity = new double[dimensions.features()];
  }

  void run(Batch batch, Forward forward, Receiver receiver) {
    int blocks = forward.entries().blocks();
    MemorySegment through = throughInputs.floats((long) blocks * dimensions.inputs());
    through.fill((byte) 0);
    Optional<MemorySegment> inputOffsets =
        method.preBias() ? Optional.of(weights.decoderBias().values()) : Optional.empty();
    Receiver complete =
        (feature, gradients) -> {
          gradients.complete(feature, weights.decoder(), inputOffsets);
          note(feature, gradients, through, inputsAt(feature / Entries.BLOCK));
          receiver.receive(feature, gradients);
        };
    if (forward.dense()) {
      runDense(batch, forward, complete);
    } else {
      runSparse(batch, forward, complete);
    }
    decoderBias.copyFrom(forward.errorSum());
    for (int block = 0; block < blocks && method.preBias(); block++) {
      RowKernels.add(decoderBias, 0, through, inputsAt(block), -1, dimensions.inputs());
    }
  }

  private void runSparse(Batch batch, Forward forward, Receiver receiver) {
    team.run(
        Phase.BACKWARD,
        forward.entries().blocks(),
        (worker, block) -> {
          int first = block * Entries.BLOCK;
          int end = Math.min(first + Entries.BLOCK, dimensions.features());
          for (int feature = first; feature < end; feature++) {
            receiver.receive(
                feature, sums[worker].sum(feature, forward, batch.x(), weights.decoder()));
          }
        });
  }

  private void runDense(Batch batch, Forward forward, Receiver receiver) {
    while (denseSums.size() < team.size()) {
      denseSums.add(new DenseSums(dimensions));
    }
    panels.pack(batch.x(), forward.errors(), forward.rows());
    team.run(
        Phase.BACKWARD,
        forward.entries().blocks(),
        (worker, block) ->
            denseSums.get(worker).sum(block, forward, panels, weights.decoder(), receiver));
  }

  private long inputsAt(int block) {
    return (long) block * dimensions.inputs() * Float.BYTES;
  }

  /** Keeps what is one number; and the gradient that goes through the encoder to its input. */
  private void note(int feature, FeatureGradients gradients, MemorySegment through, long at) {
    float byBias = (float) gradients.encoderBias();
    encoderBias.set(Lanes.FLOAT, (long) feature * Float.BYTES, byBias);
    thresholdReconstruction[feature] = gradients.thresholdReconstruction();
    thresholdSparsity[feature] = gradients.thresholdSparsity();
    if (method.preBias() && gradients.fired()) {
      FloatParameter encoder = weights.encoder();
      RowKernels.add(
          through, at, encoder.values(), encoder.at(feature), byBias, dimensions.inputs());
    }
  }

  /** {@code [F]}, for vectors of floats. */
  MemorySegment encoderBias() {
    return encoderBias;
  }

  MemorySegment decoderBias() {
    return decoderBias;
  }

  double[] thresholdReconstruction() {
    return thresholdReconstruction;
  }

  double[] thresholdSparsity() {
    return thresholdSparsity;
  }

  /** The sparsity term's part in the threshold gradient. */
  double sparsityShare() {
    double sparsity = Arrays.stream(thresholdSparsity).map(Math::abs).sum();
    double both = sparsity + Arrays.stream(thresholdReconstruction).map(Math::abs).sum();
    return both == 0 ? 0 : sparsity / both;
  }

  @Override
  public void close() {
    throughInputs.close();
    panels.close();
    denseSums.forEach(DenseSums::close);
  }
}
