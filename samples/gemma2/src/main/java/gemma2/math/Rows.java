package gemma2.math;

/** Activations: one row per position. Every value of the forward pass gets rows of its own here. */
public final class Rows {

  private Rows() {}

  /** {@code n} fresh rows of {@code width} zeros. */
  public static float[][] of(int n, int width) {
    return new float[n][width];
  }

  /** {@code a + b}, element by element, in fresh rows. */
  public static float[][] add(float[][] a, float[][] b) {
    float[][] sum = of(a.length, a[0].length);
    for (int r = 0; r < a.length; r++) {
      for (int i = 0; i < sum[r].length; i++) {
        sum[r][i] = a[r][i] + b[r][i];
      }
    }
    return sum;
  }
}
