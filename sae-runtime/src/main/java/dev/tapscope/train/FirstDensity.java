package dev.tapscope.train;

import java.util.SplittableRandom;

/**
 * How much of a batch's preactivations the first steps keep, as shares of all {@code rows x F}:
 * that decides the memory that lists take. Steps later on keep less, where sparsity is trained for.
 *
 * @param active above the threshold
 * @param kept not below the threshold's band, the active ones included
 */
public record FirstDensity(double active, double kept) {
  /** What it is where thresholds and the band are narrow and rows lie about the bias. */
  public static final FirstDensity HALF = new FirstDensity(0.5, 0.5);

  private static final int FEATURES = 256;

  /**
   * Estimates it from some of the rows, with features drawn as the first ones are.
   *
   * @param normalise whether rows will be scaled to a mean square norm of 1
   * @param rows {@code [*, width]}, what is encoded
   */
  public static FirstDensity of(Recipe recipe, boolean normalise, float[] rows, int width) {
    double[] scaled = scaled(rows, width, normalise);
    if (recipe.method().preBias() && recipe.bias() == Recipe.FirstBias.MEAN) {
      subtractMean(scaled, width);
    }
    double least = recipe.threshold() - recipe.method().bandwidth() / 2;
    SplittableRandom random = new SplittableRandom(recipe.seed());
    long active = 0;
    long kept = 0;
    for (int f = 0; f < FEATURES; f++) {
      double[] column = FirstWeights.column(random, recipe.transcoder(), width);
      for (int at = 0; at < scaled.length; at += width) {
        double z = 0;
        for (int i = 0; i < width; i++) {
          z += scaled[at + i] * column[i];
        }
        z = recipe.method().reluFirst() ? Math.max(0, z) : z;
        active += z > recipe.threshold() ? 1 : 0;
        kept += z > least ? 1 : 0;
      }
    }
    double all = (double) FEATURES * rows.length / width;
    return new FirstDensity(active / all, kept / all);
  }

  private static double[] scaled(float[] rows, int width, boolean normalise) {
    double square = 0;
    for (float value : rows) {
      square += (double) value * value;
    }
    double scale = normalise && square > 0 ? Math.sqrt(square * width / rows.length) : 1;
    double[] scaled = new double[rows.length];
    for (int i = 0; i < rows.length; i++) {
      scaled[i] = rows[i] / scale;
    }
    return scaled;
  }

  private static void subtractMean(double[] rows, int width) {
    double[] mean = new double[width];
    for (int i = 0; i < rows.length; i++) {
      mean[i % width] += rows[i] * width / rows.length;
    }
    for (int i = 0; i < rows.length; i++) {
      rows[i] -= mean[i % width];
    }
  }
}
