package targets;

/** A block that mutates in place, as many Java models do. Every number can be followed by hand. */
public final class Block {
  private final int layer;
  private final Norm norm;

  /** A norm of which only the numbers matter. */
  public static final class Norm {
    final float eps = 0.5f;
    final float[] gain = {2, 3};
  }

  public Block(int layer) {
    this.layer = layer;
    this.norm = new Norm();
  }

  /** {@code 3x + position}, by two in-place additions. */
  public float[] forward(float[] x, int position) {
    float[] doubled = scale(x, 2);
    float[] out = new float[x.length];
    Ops.accumulate(out, x);
    Ops.accumulate(out, doubled);
    for (int i = 0; i < out.length; i++) {
      out[i] += position;
    }
    return out;
  }

  /** {@code factor * x} in a new array. */
  static float[] scale(float[] x, float factor) {
    float[] scaled = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      scaled[i] = factor * x[i];
    }
    return scaled;
  }

  /** The result of a call is an argument of the next: nothing is ever stored. */
  public float nested(float[] x) {
    return Ops.sum(scale(scale(x, 2), 3));
  }

  public int layer() {
    return layer;
  }

  public float epsilon() {
    return norm.eps + norm.gain[0];
  }
}
