package gemma2.math;

/** The inner loops without any special instruction; they run on every JVM. */
public final class PlainKernels implements Kernels {

  private static final double SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);

  @Override
  public String name() {
    return "plain loops";
  }

  @Override
  public void multiply(Matrix w, float[][] x, float[][] y, int from, int to) {
    float[] weights = new float[w.columns()];
    for (int o = from; o < to; o++) {
      w.widen(o, weights, 0);
      for (int r = 0; r < x.length; r++) {
        y[r][o] = dot(x[r], 0, weights, 0, weights.length);
      }
    }
  }

  @Override
  public int columnsToBegin(int rows) {
    return 0;
  }

  /** Nothing: these loops take longer than reading. */
  @Override
  public boolean readAhead(Matrix w, int from, int to, int step) {
    return false;
  }

  @Override
  public void dots(
      float[] a,
      int at,
      float[][] rows,
      int first,
      int column,
      int n,
      float[] out,
      int to,
      int count) {
    for (int j = 0; j < count; j++) {
      out[to + j] = dot(a, at, rows[first + j], column, n);
    }
  }

  @Override
  public void blend(
      float[] weights,
      int at,
      int count,
      float[][] rows,
      int first,
      int column,
      int n,
      float[] out,
      int to) {
    for (int j = 0; j < count; j++) {
      float weight = weights[at + j];
      float[] row = rows[first + j];
      for (int i = 0; i < n; i++) {
        out[to + i] += weight * row[column + i];
      }
    }
  }

  @Override
  public double sumOfSquares(float[] x) {
    double sum = 0;
    for (float value : x) {
      sum += (double) value * value;
    }
    return sum;
  }

  @Override
  public void multiplyGelu(float[] gate, float[] up, float[] out) {
    for (int i = 0; i < out.length; i++) {
      double y = gate[i];
      double cubic = y + 0.044715 * y * y * y;
      out[i] = (float) (0.5 * y * (1 + Math.tanh(SQRT_2_OVER_PI * cubic))) * up[i];
    }
  }

  @Override
  public void softcap(float[] x, int at, float cap, float[] out, int to, int n) {
    for (int i = 0; i < n; i++) {
      out[to + i] = cap * (float) Math.tanh(x[at + i] / cap);
    }
  }

  @Override
  public void softmax(float[] x, int at, float[] out, int to, int n) {
    float max = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < n; i++) {
      max = Math.max(max, x[at + i]);
    }
    double sum = 0;
    for (int i = 0; i < n; i++) {
      sum += Math.exp(x[at + i] - max);
    }
    for (int i = 0; i < n; i++) {
      out[to + i] = (float) (Math.exp(x[at + i] - max) / sum);
    }
  }

  /** Eight sums side by side: less rounding than one long sum, and less waiting. */
  private static float dot(float[] a, int p, float[] b, int q, int n) {
    float s0 = 0;
    float s1 = 0;
    float s2 = 0;
    float s3 = 0;
    float s4 = 0;
    float s5 = 0;
    float s6 = 0;
    float s7 = 0;
    int i = 0;
    for (; i <= n - 8; i += 8) {
      s0 += a[p + i] * b[q + i];
      s1 += a[p + i + 1] * b[q + i + 1];
      s2 += a[p + i + 2] * b[q + i + 2];
      s3 += a[p + i + 3] * b[q + i + 3];
      s4 += a[p + i + 4] * b[q + i + 4];
      s5 += a[p + i + 5] * b[q + i + 5];
      s6 += a[p + i + 6] * b[q + i + 6];
      s7 += a[p + i + 7] * b[q + i + 7];
    }
    float sum = ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7));
    for (; i < n; i++) {
      sum += a[p + i] * b[q + i];
    }
    return sum;
  }
}
