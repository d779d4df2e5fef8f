package dev.tapscope.step;

import java.lang.foreign.MemorySegment;

/**
 * Reconstructions from the decoder rows of active features alone, and what the loss says of them.
 */
final class SparseDecoder implements AutoCloseable {
  /** Tokens whose errors are added up before they join the total, on whatever thread. */
  private static final int PART = 32;

  private final Team team;
  private final int outputs;
  private final Scratch errors = new Scratch();
  private final Scratch sums = new Scratch();

  SparseDecoder(Team team, int outputs) {
    this.team = team;
    this.outputs = outputs;
  }

  /** Room for the errors, with {@code b_dec} in every row. */
  MemorySegment biases(FloatWeights weights, int rows) {
    MemorySegment xhat = errors.floats((long) rows * outputs);
    team.run(Phase.DECODE, rows, (worker, t) -> copyBias(weights, xhat, t));
    return xhat;
  }

  private void copyBias(FloatWeights weights, MemorySegment xhat, int token) {
    MemorySegment bias = weights.decoderBias().values();
    MemorySegment.copy(bias, 0, xhat, at(token), (long) outputs * Float.BYTES);
  }

  /** Leaves {@code xhat} where the errors will be. */
  MemorySegment decode(ActiveRows active, FloatWeights weights, int rows) {
    MemorySegment xhat = errors.floats((long) rows * outputs);
    team.run(
        Phase.DECODE,
        Panels.count(rows, PART),
        (worker, part) -> {
          for (int t = part * PART; t < Math.min(rows, (part + 1) * PART); t++) {
            copyBias(weights, xhat, t);
            addFeatures(active, t, weights.decoder(), xhat);
          }
        });
    return xhat;
  }

  private void addFeatures(
      ActiveRows active, int token, FloatParameter decoder, MemorySegment xhat) {
    MemorySegment rows = decoder.values();
    int i = active.start(token);
    int end = active.end(token);
    for (; i + 4 <= end; i += 4) {
      RowKernels.add4(
          xhat,
          at(token),
          rows,
          decoder.at(active.feature(i)),
          decoder.at(active.feature(i + 1)),
          decoder.at(active.feature(i + 2)),
          decoder.at(active.feature(i + 3)),
          active.z(i),
          active.z(i + 1),
          active.z(i + 2),
          active.z(i + 3),
          outputs);
    }
    for (; i < end; i++) {
      RowKernels.add(xhat, at(token), rows, decoder.at(active.feature(i)), active.z(i), outputs);
    }
  }

  /**
   * Turns {@code xhat} into the loss's gradient by it, {@code 2 / rows (xhat - y)}.
   *
   * @param gradient receives its sum over the rows, which is the gradient of {@code b_dec}
   * @return the sum over rows of {@code ||y - xhat||^2}
   */
  double compare(MemorySegment xhat, MemorySegment y, int rows, MemorySegment gradient) {
    int parts = Panels.count(rows, PART);
    MemorySegment partial = sums.floats((long) parts * outputs);
    double[] squares = new double[parts];
    team.run(
        Phase.DECODE,
        parts,
        (worker, part) -> {
          partial.asSlice(at(part), (long) outputs * Float.BYTES).fill((byte) 0);
          for (int t = part * PART; t < Math.min(rows, (part + 1) * PART); t++) {
            squares[part] += RowKernels.subtract(xhat, at(t), y, at(t), 2f / rows, outputs);
            RowKernels.add(partial, at(part), xhat, at(t), 1, outputs);
          }
        });
    gradient.fill((byte) 0);
    double total = 0;
    for (int part = 0; part < parts; part++) {
      total += squares[part];
      RowKernels.add(gradient, 0, partial, at(part), 1, outputs);
    }
    return total;
  }

  private long at(int row) {
    return (long) row * outputs * Float.BYTES;
  }

  @Override
  public void close() {
    errors.close();
    sums.close();
  }
}
