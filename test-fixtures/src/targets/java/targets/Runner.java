package targets;

/**
 * A model in one method, as single-file runners are written: buffers are used again and again,
 * nothing is returned, and the residual stream has no boundary of its own. Every number can be
 * followed by hand.
 */
public final class Runner {
  /** Buffers of one sequence. */
  public static final class State {
    final float[] x = new float[2];
    final float[] xb = new float[2];
    final float[][] cache = new float[3][];
  }

  /** Weights by layer. */
  public static final class Weights {
    final float[][] attNorm = {{1, 1}, {5, 5}, {1, 1}};
    final float[][] ffnNorm = {{1, 1}, {1, 1}, {1, 1}};
    final float[] finalNorm = {10, 1};
    final int layers = 3;
  }

  private Runner() {}

  /** One token: {@code {160t, -16t}}. Layer 1 is left out; of the others each makes x fourfold. */
  public static float[] forward(Weights w, State s, int[] tokens, int position) {
    int token = tokens[0];
    s.x[0] = token;
    s.x[1] = -token;
    for (int l = 0; l < w.layers; l++) {
      norm(s.xb, s.x, w.attNorm[l]);
      s.cache[l] = s.xb.clone();
      if (l == 1) {
        continue;
      }
      Ops.accumulate(s.x, s.xb);
      if (l % 2 == 0) {
        norm(s.xb, s.x, w.ffnNorm[l]);
      } else {
        float[] gain = w.ffnNorm[l];
        norm(s.xb, s.x, gain);
        s.xb[0] += position;
      }
      Ops.accumulate(s.x, s.xb);
    }
    norm(s.xb, s.x, w.finalNorm);
    return s.xb;
  }

  /** {@code out = gain * x}. */
  static void norm(float[] out, float[] x, float[] gain) {
    for (int i = 0; i < out.length; i++) {
      out[i] = gain[i] * x[i];
    }
  }

  /** A weight that depends on the way there. */
  public static float[] joined(Weights w, State s, int l, boolean first) {
    norm(s.xb, s.x, first ? w.attNorm[l] : w.ffnNorm[l]);
    float[] gain = w.attNorm[l];
    if (first) {
      s.xb[0] = 1;
    }
    norm(s.x, s.xb, gain);
    return s.x;
  }

  /** Loops whose rounds end in every way. */
  public static int rounds(int[] seen, int n) {
    int sum = 0;
    outer:
    for (int l = 0, k = 10; l < n && k > 0; l++, k -= 2) {
      if (l == 1) {
        continue;
      }
      for (int i = n; i > 0; i--) {
        if (i == 2) {
          continue outer;
        }
        sum += i;
      }
      seen[l]++;
    }
    int j = 0;
    while (j < n) {
      sum += j;
      j++;
    }
    do {
      sum--;
      j--;
    } while (j > 0);
    for (int p = 0; ; p++) {
      if (p == 3) {
        break;
      }
      sum += p;
    }
    int m = 0;
    while (m < n) {
      if (m == 1) {
        m++;
        continue;
      }
      sum += 100;
      m++;
    }
    return sum;
  }
}
