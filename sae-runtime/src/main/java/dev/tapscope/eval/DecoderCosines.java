package dev.tapscope.eval;

import dev.tapscope.kernel.SaeKernels;
import dev.tapscope.kernel.SaeWeights;
import java.util.Arrays;
import java.util.function.Function;

/**
 * How near each feature's decoder row lies to the nearest other one: the cosine with it, the
 * largest over all others. Near 1 means that two features write the same direction. Immutable.
 */
public final class DecoderCosines {
  private static final int BLOCK = 64;

  private final double[] sorted;

  private DecoderCosines(double[] sorted) {
    this.sorted = sorted;
  }

  /**
   * Compares every pair of decoder rows, {@code 2 d F^2} operations. Rows of zeros are left out.
   *
   * @param choice of kernels for the rows as weights
   */
  public static DecoderCosines of(SaeWeights weights, Function<SaeWeights, SaeKernels> choice) {
    int width = weights.outputs();
    int features = weights.features();
    // Rows as columns of an encoder, so that the product is the kernels' fast one.
    SaeWeights.Draft directions = new SaeWeights.Draft(width, features, 1);
    boolean[] zero = new boolean[features];
    for (int f = 0; f < features; f++) {
      float[] row = unit(weights.decoderRow(f));
      zero[f] = row.length == 0;
      if (!zero[f]) {
        directions.encoderColumn(f, row);
      }
    }
    SaeWeights columns = directions.finish();
    SaeKernels kernels = choice.apply(columns);
    double[] nearest = new double[features];
    Arrays.fill(nearest, Double.NEGATIVE_INFINITY);
    float[] rows = new float[BLOCK * width];
    float[] cosines = new float[Math.multiplyExact(BLOCK, features)];
    for (int first = 0; first < features; first += BLOCK) {
      int count = Math.min(BLOCK, features - first);
      for (int r = 0; r < count; r++) {
        System.arraycopy(columns.encoderColumn(first + r), 0, rows, r * width, width);
      }
      kernels.preactivations(columns, rows, count, cosines);
      for (int r = 0; r < count; r++) {
        for (int g = 0; g < features; g++) {
          if (g != first + r && !zero[g]) {
            nearest[first + r] = Math.max(nearest[first + r], cosines[r * features + g]);
          }
        }
      }
    }
    kernels.release(columns);
    double[] found = new double[features];
    int size = 0;
    for (int f = 0; f < features; f++) {
      if (!zero[f] && nearest[f] > Double.NEGATIVE_INFINITY) {
        found[size++] = nearest[f];
      }
    }
    double[] sorted = Arrays.copyOf(found, size);
    Arrays.sort(sorted);
    return new DecoderCosines(sorted);
  }

  /** The row at length 1; empty for a row of zeros. */
  private static float[] unit(float[] row) {
    double squares = 0;
    for (float value : row) {
      squares += (double) value * value;
    }
    if (squares == 0) {
      return new float[0];
    }
    double norm = Math.sqrt(squares);
    float[] unit = new float[row.length];
    for (int j = 0; j < row.length; j++) {
      unit[j] = (float) (row[j] / norm);
    }
    return unit;
  }

  /** Number of features compared; those with a decoder row of zeros are not. */
  public int count() {
    return sorted.length;
  }

  /**
   * The cosine below which this share of the features lies, the nearest one measured: 0.5 gives the
   * median, 1 the largest. NaN when there are no two features.
   */
  public double quantile(double share) {
    return sorted.length == 0 ? Double.NaN : sorted[(int) Math.round(share * (sorted.length - 1))];
  }

  /** Number of features whose nearest other lies above a cosine. */
  public int above(double cosine) {
    return (int) Arrays.stream(sorted).filter(c -> c > cosine).count();
  }
}
