package targets;

/** Operations on vectors, with wide arguments among the others. */
public final class Ops {
  private Ops() {}

  /** {@code out += x}. */
  public static void accumulate(float[] out, float[] x) {
    for (int i = 0; i < out.length; i++) {
      out[i] += x[i];
    }
  }

  public static float sum(float[] x) {
    float sum = 0;
    for (float value : x) {
      sum += value;
    }
    return sum;
  }

  /** {@code out += skip + scale * x}. */
  public static double add(float[] out, long skip, double scale, float[] x, int from) {
    for (int i = from; i < out.length; i++) {
      out[i] += (float) (skip + scale * x[i]);
    }
    return scale;
  }
}
