package dev.tapscope.kernel;

import java.util.Arrays;

/** The JumpReLU gate: keeps the preactivations above their thresholds. */
final class Gate {
  /** Preactivations held at a time, 16 MiB, unless one row has more. */
  private static final int HELD = 1 << 22;

  private Gate() {}

  static SparseRows encode(SaeKernels kernels, SaeWeights weights, float[] x, int rows) {
    int features = weights.features();
    int inputs = weights.inputs();
    int chunk = Math.max(1, Math.min(rows, HELD / features));
    float[] z = new float[Math.multiplyExact(chunk, features)];
    SparseRows active = new SparseRows();
    for (int first = 0; first < rows; first += chunk) {
      int count = Math.min(chunk, rows - first);
      float[] part =
          count == rows ? x : Arrays.copyOfRange(x, first * inputs, (first + count) * inputs);
      kernels.preactivations(weights, part, count, z);
      for (int r = 0; r < count; r++) {
        for (int f = 0; f < features; f++) {
          float value = z[r * features + f];
          if (value > weights.threshold(f)) {
            active.add(f, value);
          }
        }
        active.endRow();
      }
    }
    return active;
  }
}
