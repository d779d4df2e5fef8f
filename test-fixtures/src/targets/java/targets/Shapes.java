package targets;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Control flow and variables of every shape a tap has to stand in. */
public class Shapes {
  private float[] state = {1, 1};

  /** Jumps back to its very first instruction. */
  public static int spin(int[] left) {
    while (left[0] > 0) {
      left[0]--;
    }
    return left[0];
  }

  public static float[] loops(float[] x, int layers) {
    for (int l = 0; l < layers; l++) {
      float[] next = new float[x.length];
      for (int i = 0; i < x.length; i++) {
        if (i == 3) {
          continue;
        }
        next[i] = x[i] + l;
      }
      x = next;
    }
    return x;
  }

  /** Taps inside try, catch and finally. */
  public static float[] guarded(float[] x, int index) {
    float[] result = x.clone();
    try {
      float[] risky = Block.scale(result, 2);
      risky[index] = 7;
      result = risky;
    } catch (ArrayIndexOutOfBoundsException e) {
      float[] rescued = Block.scale(result, -1);
      result = rescued;
    } finally {
      Ops.accumulate(result, x);
    }
    return result;
  }

  /** Several returns, a switch, frames that differ. */
  public static float[] choose(float[] x, int kind) {
    switch (kind) {
      case 0:
        return x;
      case 1:
        {
          float[] twice = Block.scale(x, 2);
          return twice;
        }
      default:
        float[] some = kind > 5 ? Block.scale(x, kind) : x.clone();
        return some;
    }
  }

  /** Wide parameters and a slot that several variables take in turn. */
  public static double slots(long first, double second, float[] x) {
    double total = first + second;
    {
      float[] early = Block.scale(x, 2);
      total += Ops.sum(early);
    }
    {
      float[] late = Block.scale(x, 3);
      total += Ops.sum(late);
    }
    {
      long other = first * 2;
      total += other;
    }
    for (float[] again : List.of(x, x)) {
      total += again[0];
    }
    return total;
  }

  /** Assigned on two paths, read behind both. */
  public static float joined(float[] x, boolean which) {
    float[] y;
    if (which) {
      y = Block.scale(x, 2);
    } else {
      y = Block.scale(x, 5);
    }
    return Ops.sum(y);
  }

  /** A variable whose value is wider than what is stored in it. */
  public static float widened(float[] x) {
    Object held = x;
    if (x.length > 5) {
      held = "long";
    }
    return held instanceof float[] floats ? Ops.sum(floats) : held.toString().length();
  }

  public float wide(float[] x) {
    double got = Ops.add(state, 10L, 0.5, x, 0);
    return Ops.sum(state) + (float) got;
  }

  public float monitored(float[] x) {
    synchronized (this) {
      float[] y = Block.scale(x, 4);
      return Ops.sum(y);
    }
  }

  public static float lambda(float[] x) {
    Function<float[], Float> sum =
        v -> {
          float[] inner = Block.scale(v, 2);
          return Ops.sum(inner);
        };
    List<Float> all = new ArrayList<>();
    all.add(sum.apply(x));
    return all.get(0);
  }

  public static int sample(float[] logits) {
    int best = 0;
    for (int i = 0; i < logits.length; i++) {
      best = logits[i] > logits[best] ? i : best;
    }
    return best;
  }

  public static int[] prompt(int[] ids, int start, Object cache) {
    int[] copy = ids.clone();
    copy[0] += start + (cache == null ? 0 : 1);
    return copy;
  }
}
