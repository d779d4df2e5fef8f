package gemma2.math;

import static gemma2.math.Lanes.COUNT;

/** Memory that one thread needs while it multiplies, kept for the next time. */
final class Scratch {

  private static final ThreadLocal<Scratch> OWN = ThreadLocal.withInitial(Scratch::new);

  /** The first float of a large array that begins a cache line; its header has 16 bytes. */
  static final int FIRST = 12;

  /** From here on it pays to lay an array out well. */
  private static final int LARGE = 1 << 16;

  /**
   * G1 lays an array of more than half a region at the beginning of one, and regions have at most
   * 32 MB. A vector that crosses a cache line is read twice: elsewhere all is right, and slower.
   */
  private static final int PLACED = 1 << 22;

  /** Four sums of vectors. */
  final float[] four = new float[4 * COUNT];

  /** The last numbers of a row, filled up with zeros. */
  final float[] rest = new float[COUNT];

  /** As many vectors as one has lanes. */
  final float[] square = new float[COUNT * COUNT];

  /** What was read ahead goes here, so that reading cannot be left out. */
  long read;

  private float[] activations = new float[0];
  private float[] weights = new float[0];
  private float[] rows = new float[0];
  private float[] sums = new float[0];

  private Scratch() {}

  static Scratch own() {
    return OWN.get();
  }

  /** Panels of activations. */
  float[] activations(int floats) {
    activations = atLeast(activations, floats);
    return activations;
  }

  /** Panels of weights and sums of tiles, from {@link #FIRST} on. */
  float[] weights(int floats) {
    weights = atLeast(weights, floats);
    return weights;
  }

  private static float[] atLeast(float[] array, int floats) {
    int needed = Math.addExact(FIRST, floats);
    if (array.length >= needed) {
      return array;
    }
    return new float[needed < LARGE ? needed : Math.max(needed, PLACED)];
  }

  /** Sums of vectors that wait to be folded. */
  float[] sums(int floats) {
    if (sums.length < floats) {
      sums = new float[floats];
    }
    return sums;
  }

  /** Rows of weights that are widened, or of activations, before they are laid out. */
  float[] rows(int floats) {
    if (rows.length < floats) {
      rows = new float[floats];
    }
    return rows;
  }
}
