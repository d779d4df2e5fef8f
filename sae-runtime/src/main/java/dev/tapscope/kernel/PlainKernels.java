package dev.tapscope.kernel;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The formulas as loops, for reading and as the judge of faster kernels. Sums are taken in double,
 * in index order, and rounded to float once.
 */
final class PlainKernels implements SaeKernels {
  @Override
  public String name() {
    return "plain";
  }

  @Override
  public void preactivations(SaeWeights weights, float[] x, int rows, float[] z) {
    int inputs = weights.inputs();
    int features = weights.features();
    float[] column = new float[SaeWeights.PANEL];
    double[] sum = new double[SaeWeights.PANEL];
    for (int panel = 0; panel < weights.panels(); panel++) {
      int first = panel * SaeWeights.PANEL;
      int count = Math.min(SaeWeights.PANEL, features - first);
      long step = (long) SaeWeights.PANEL * Float.BYTES;
      for (int r = 0; r < rows; r++) {
        Arrays.fill(sum, 0);
        for (int k = 0; k < inputs; k++) {
          long at = weights.panelOffset(panel) + k * step;
          MemorySegment.copy(weights.encoder(), SaeWeights.FLOAT, at, column, 0, SaeWeights.PANEL);
          double xk = x[r * inputs + k];
          for (int j = 0; j < SaeWeights.PANEL; j++) {
            sum[j] += xk * column[j];
          }
        }
        for (int j = 0; j < count; j++) {
          z[r * features + first + j] = (float) (sum[j] + weights.encoderBias(first + j));
        }
      }
    }
  }

  @Override
  public void decode(SaeWeights weights, SparseRows f, float[] xhat) {
    int outputs = weights.outputs();
    double[] sum = new double[outputs];
    float[] row = new float[outputs];
    for (int r = 0; r < f.rows(); r++) {
      Arrays.fill(sum, 0);
      for (int i = f.start(r); i < f.end(r); i++) {
        read(weights, f.index(i), row);
        double value = f.value(i);
        for (int j = 0; j < outputs; j++) {
          sum[j] += value * row[j];
        }
      }
      for (int j = 0; j < outputs; j++) {
        xhat[r * outputs + j] = (float) (sum[j] + weights.decoderBias(j));
      }
    }
  }

  @Override
  public void addFeature(SaeWeights weights, int feature, float scale, float[] rows, int at) {
    float[] row = new float[weights.outputs()];
    read(weights, feature, row);
    for (int j = 0; j < row.length; j++) {
      rows[at + j] = (float) (rows[at + j] + (double) scale * row[j]);
    }
  }

  private static void read(SaeWeights weights, int feature, float[] row) {
    long at = weights.decoderOffset(feature);
    MemorySegment.copy(weights.decoder(), SaeWeights.FLOAT, at, row, 0, row.length);
  }
}
