package gemma2.model;

import gemma2.math.Kernels;

/**
 * {@code cap * tanh(x / cap)}: nearly x while x is small, never beyond the cap.
 *
 * @param cap the cap; infinite for none
 */
public record Softcap(float cap) {

  /** Leaves every number as it is. */
  public static final Softcap NONE = new Softcap(Float.POSITIVE_INFINITY);

  /** The cap at {@code cap}, which must be above zero. */
  public static Softcap at(double cap) {
    return new Softcap((float) cap);
  }

  /** Writes the {@code n} numbers from {@code x[at]} on, capped, to {@code out[to]} and on. */
  void apply(Kernels kernels, float[] x, int at, float[] out, int to, int n) {
    if (cap == Float.POSITIVE_INFINITY) {
      System.arraycopy(x, at, out, to, n);
    } else {
      kernels.softcap(x, at, cap, out, to, n);
    }
  }
}
