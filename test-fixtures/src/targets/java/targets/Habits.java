package targets;

/**
 * What models do around their values when something goes wrong: they catch, they clean up, they
 * hold locks. Each way is one kind of pass; the value is {@code 2 x + 1}, and 0 when they gave up.
 */
public final class Habits {
  /** How a pass computes its value. */
  public enum Habit {
    CATCHES_EXCEPTIONS,
    CATCHES_EVERYTHING,
    CLEANS_UP,
    HOLDS_A_LOCK,
    STORES_BLOCKS
  }

  public final Object lock = new Object();

  /** How often it has cleaned up. */
  public int cleaned;

  private final Habit habit;

  public Habits(Habit habit) {
    this.habit = habit;
  }

  public float forward(int[] ids, int start) {
    float[] x = {ids[0]};
    return switch (habit) {
      case CATCHES_EXCEPTIONS -> catchesExceptions(x);
      case CATCHES_EVERYTHING -> catchesEverything(x);
      case CLEANS_UP -> cleansUp(x);
      case HOLDS_A_LOCK -> holdsALock(x);
      case STORES_BLOCKS -> storesBlocks(x);
    };
  }

  private float catchesExceptions(float[] x) {
    try {
      float[] doubled = doubled(x);
      float[] more = plusOne(doubled);
      return more[0];
    } catch (Exception e) {
      return 0;
    }
  }

  private float catchesEverything(float[] x) {
    try {
      float[] doubled = doubled(x);
      float[] more = plusOne(doubled);
      return more[0];
    } catch (Throwable e) {
      return 0;
    }
  }

  private float cleansUp(float[] x) {
    float[] kept = x;
    try {
      float[] doubled = doubled(x);
      kept = plusOne(doubled);
      return kept[0];
    } finally {
      cleaned++;
      float[] last = kept.clone();
      kept = last;
    }
  }

  private float holdsALock(float[] x) {
    synchronized (lock) {
      float[] doubled = doubled(x);
      float[] more = plusOne(doubled);
      return more[0];
    }
  }

  /** Activations in eight bits, as quantised models keep them. */
  private float storesBlocks(float[] x) {
    Bytes stored = Bytes.of(doubled(x));
    float[] more = plusOne(stored.floats());
    return more[0];
  }

  private static float[] doubled(float[] x) {
    return new float[] {2 * x[0]};
  }

  private static float[] plusOne(float[] x) {
    return new float[] {x[0] + 1};
  }

  /** Whole numbers from -127 to 127, a quarter apart. */
  public static final class Bytes {
    public static final float STEP = 0.25f;
    public final byte[] bytes;

    private Bytes(int size) {
      bytes = new byte[size];
    }

    static Bytes of(float[] values) {
      Bytes stored = new Bytes(values.length);
      stored.store(values);
      return stored;
    }

    /** Rounds to the nearest step. */
    public void store(float[] values) {
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] = (byte) Math.max(-127, Math.min(127, Math.round(values[i] / STEP)));
      }
    }

    public float[] floats() {
      float[] values = new float[bytes.length];
      for (int i = 0; i < values.length; i++) {
        values[i] = bytes[i] * STEP;
      }
      return values;
    }
  }
}
