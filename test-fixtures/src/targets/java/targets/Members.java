package targets;

/** Constructors, overloads, bridges, and methods that cannot be tapped. */
public abstract class Members<T> {
  protected float[] weights;

  protected Members() {
    this(new float[] {1, 2});
  }

  protected Members(float[] weights) {
    float[] kept = weights.clone();
    this.weights = kept;
  }

  public abstract T forward(T x);

  public native float[] remote(float[] x);

  /** Never returns normally. */
  public float[] never(float[] x) {
    throw new IllegalStateException("never " + x.length);
  }

  /** Generic parameters give its {@code forward} a bridge. */
  public static class Concrete extends Members<float[]> {
    private final Object note;

    public Concrete(boolean big) {
      super(big ? new float[] {4, 5, 6} : new float[] {4});
      this.note = new StringBuilder("x");
    }

    @Override
    public float[] forward(float[] x) {
      return Block.scale(x, weights.length);
    }

    public float[] apply(float[] x) {
      return apply(x, 1);
    }

    public float[] apply(float[] x, int times) {
      return Block.scale(x, times);
    }

    public String note() {
      return note.toString();
    }
  }
}
