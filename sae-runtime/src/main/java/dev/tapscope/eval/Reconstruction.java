package dev.tapscope.eval;

import dev.tapscope.kernel.SaeKernels;
import dev.tapscope.kernel.SaeWeights;
import dev.tapscope.kernel.SparseRows;

/**
 * Measures an SAE or transcoder on rows, given one after the other: how many features are active,
 * how much of the rows the reconstruction leaves out, how often each feature fires. Sums are in
 * double precision and in the order of the rows, so the same rows give the same bits. Not
 * thread-safe.
 */
public final class Reconstruction {
  private static final int BLOCK = 256;

  private final SaeWeights weights;
  private final SaeKernels kernels;
  private final float[] inputs;
  private final float[] outputs;
  private final float[] xhat;
  private final long[] firings;
  private final Spread spread = new Spread();
  private double error;
  private long active;
  private long rows;
  private int held;

  public Reconstruction(SaeWeights weights, SaeKernels kernels) {
    this.weights = weights;
    this.kernels = kernels;
    this.inputs = new float[Math.multiplyExact(BLOCK, weights.inputs())];
    this.outputs = new float[Math.multiplyExact(BLOCK, weights.outputs())];
    this.xhat = new float[outputs.length];
    this.firings = new long[weights.features()];
  }

  /** Width of the rows that are encoded. */
  public int inputs() {
    return weights.inputs();
  }

  /** Width of the rows that are to be reconstructed. */
  public int outputs() {
    return weights.outputs();
  }

  /**
   * Adds a row.
   *
   * @param x what is encoded, {@code d_in} values
   * @param y what is to be reconstructed, {@code d_out} values; {@code x} itself for an SAE
   * @throws IllegalArgumentException when the widths are others
   */
  public void add(float[] x, float[] y) {
    if (x.length != weights.inputs() || y.length != weights.outputs()) {
      throw new IllegalArgumentException(
          "an SAE of %d to %d values was given %d and %d"
              .formatted(weights.inputs(), weights.outputs(), x.length, y.length));
    }
    System.arraycopy(x, 0, inputs, held * x.length, x.length);
    System.arraycopy(y, 0, outputs, held * y.length, y.length);
    held++;
    if (held == BLOCK) {
      measure();
    }
  }

  private void measure() {
    SparseRows f = kernels.encode(weights, inputs, held);
    kernels.decode(weights, f, xhat);
    int width = weights.outputs();
    for (int r = 0; r < held; r++) {
      active += f.count(r);
      for (int i = f.start(r); i < f.end(r); i++) {
        firings[f.index(i)]++;
      }
      for (int j = r * width; j < (r + 1) * width; j++) {
        double difference = (double) outputs[j] - xhat[j];
        error += difference * difference;
      }
      spread.add(outputs, r * width, width);
    }
    rows += held;
    held = 0;
  }

  /**
   * What all rows so far show.
   *
   * @throws IllegalStateException when there are none
   */
  public ReconstructionScore score() {
    measure();
    if (rows == 0) {
      throw new IllegalStateException("no rows were given");
    }
    return new ReconstructionScore(
        rows,
        (double) active / rows,
        error / rows,
        error / spread.aboutTheMean(),
        new Densities(firings, rows));
  }
}
