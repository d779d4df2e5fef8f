package gemma2.math;

import java.util.Arrays;

/** The inner loops without any special instruction; they run on every JVM. */
public final class PlainKernels implements Kernels {

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
  public void dots(float[] a, int at, float[][] rows, int first, int column, int n, float[] out) {
    for (int j = 0; j < out.length; j++) {
      out[j] = dot(a, at, rows[first + j], column, n);
    }
  }

  @Override
  public void blend(
      float[] weights, float[][] rows, int first, int column, int n, float[] out, int at) {
    Arrays.fill(out, at, at + n, 0);
    for (int j = 0; j < weights.length; j++) {
      float weight = weights[j];
      float[] row = rows[first + j];
      for (int i = 0; i < n; i++) {
        out[at + i] += weight * row[column + i];
      }
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
