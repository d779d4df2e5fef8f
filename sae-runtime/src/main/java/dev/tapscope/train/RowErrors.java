package dev.tapscope.train;

import dev.tapscope.kernel.Kernels;
import dev.tapscope.kernel.SaeKernels;
import dev.tapscope.kernel.SaeWeights;
import dev.tapscope.kernel.SparseRows;
import dev.tapscope.step.Batch;
import dev.tapscope.step.SaeInTraining;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** How far an SAE in training is from each row of a batch. */
final class RowErrors {
  private static final int BLOCK = 256;

  private RowErrors() {}

  /**
   * {@code ||y - xhat||^2} of each row, in single precision whatever the SAE is trained in; takes a
   * copy of the parameters for as long as it runs.
   */
  static double[] of(SaeInTraining sae, Batch batch) {
    SaeWeights weights = LastWeights.of(sae).finish();
    SaeKernels kernels = Kernels.best();
    double[] errors = new double[batch.rows()];
    for (int from = 0; from < errors.length; from += BLOCK) {
      int rows = Math.min(BLOCK, errors.length - from);
      float[] x = floats(batch.x(), from, rows, weights.inputs());
      if (sae.method().preBias()) {
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
