package gemma2.model;

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

  /** The capped number. */
  public float apply(float x) {
    return cap == Float.POSITIVE_INFINITY ? x : cap * (float) Math.tanh(x / cap);
  }
}
