package dev.tapscope.train;

import dev.tapscope.kernel.SaeKernels;
import dev.tapscope.kernel.SaeWeights;
import dev.tapscope.kernel.SparseRows;
import dev.tapscope.step.Batch;
import dev.tapscope.step.SaeInTraining;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Function;

/** How far an SAE in training is from each row of a batch. */
final class RowErrors {
  /** Preactivations at a time; so few that the young generation collects what they leave. */
  private static final int BLOCK = 1 << 16;

  private RowErrors() {}

  /**
   * {@code ||y - xhat||^2} of each row, in single precision whatever the SAE is trained in; takes a
   * copy of the parameters for as long as it runs.
   *
   * @param choice of the kernels
   */
  static double[] of(SaeInTraining sae, Batch batch, Function<SaeWeights, SaeKernels> choice) {
    try (Arena arena = Arena.ofShared()) { // shared: kernels take several threads
      SaeWeights weights = LastWeights.of(sae, arena).finish();
      SaeKernels kernels = choice.apply(weights);
      try {
        return of(weights, kernels, sae.method().preBias(), batch);
      } finally {
        kernels.release(weights);
      }
    }
  }

  private static double[] of(SaeWeights weights, SaeKernels kernels, boolean preBias, Batch batch) {
    double[] errors = new double[batch.rows()];
    int block = Math.max(4, BLOCK / weights.features());
    for (int from = 0; from < errors.length; from += block) {
      int rows = Math.min(block, errors.length - from);
      float[] x = floats(batch.x(), from, rows, weights.inputs());
      if (preBias) {
        for (int i = 0; i < x.length; i++) {
          x[i] -= weights.decoderBias(i % weights.inputs());
        }
      }
      float[] y = floats(batch.y(), from, rows, weights.outputs());
      float[] xhat = new float[y.length];
      SparseRows features = kernels.encode(weights, x, rows);
      kernels.decode(weights, features, xhat);
      for (int i = 0; i < y.length; i++) {
        double difference = (double) y[i] - xhat[i];
        errors[from + i / weights.outputs()] += difference * difference;
      }
    }
    return errors;
  }

  private static float[] floats(MemorySegment values, long from, int rows, int width) {
    float[] floats = new float[rows * width];
    MemorySegment.copy(
        values, ValueLayout.JAVA_FLOAT, from * width * Float.BYTES, floats, 0, floats.length);
    return floats;
  }
}
