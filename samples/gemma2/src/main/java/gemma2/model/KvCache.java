package gemma2.model;

import gemma2.math.Activations;
import java.util.Arrays;

/**
 * What a sequence has in memory: the keys and values of its positions, layer by layer, and the
 * activations of the pass that runs. A sliding layer keeps a ring of the last {@code window +
 * chunk} positions, which is all that a chunk of new rows can still see; a full layer keeps every
 * position.
 *
 * <p>One object per sequence, used by one thread at a time.
 */
public final class KvCache {

  private final int contextLength;
  private final int chunk;
  private final Layer[] layers;
  private final Activations beyondBlocks = new Activations();
  private final Activations[] ofBlocks;
  private final Rope.Turns turns = new Rope.Turns();

  /**
   * An empty cache that grows as positions come.
   *
   * @param chunk the most positions that will be written at once
   */
  public KvCache(Config config, int chunk) {
    this(config, chunk, 0);
  }

  /**
   * An empty cache.
   *
   * @param chunk the most positions that will be written at once
   * @param expected for how many positions memory is taken now; more may come
   */
  public KvCache(Config config, int chunk, int expected) {
    if (chunk < 1) {
      throw new IllegalArgumentException("A chunk has at least one position, not " + chunk + ".");
    }
    this.contextLength = config.contextLength();
    this.chunk = chunk;
    this.layers = new Layer[config.layers()];
    this.ofBlocks = new Activations[config.layers()];
    int ring = (int) Math.min((long) config.window() + chunk, contextLength);
    for (int i = 0; i < layers.length; i++) {
      layers[i] =
          new Layer(config.sliding().get(i) ? ring : contextLength, config.kvWidth(), expected);
      ofBlocks[i] = new Activations();
    }
  }

  /** Positions written so far, by the layer that is furthest behind. */
  public int length() {
    int least = Integer.MAX_VALUE;
    for (Layer layer : layers) {
      least = Math.min(least, layer.length);
    }
    return least;
  }

  /** The most positions that may be written at once. */
  public int chunk() {
    return chunk;
  }

  /**
   * Checks that {@code count} positions from {@code start} on can be written.
   *
   * @throws IllegalArgumentException when they do not continue the sequence, are more than a chunk,
   *     or run beyond the model's context
   */
  void checkNext(int start, int count) {
    if (start != length()) {
      throw new IllegalArgumentException(
          "The sequence continues at position %d, not at %d.".formatted(length(), start));
    }
    if (count < 1 || count > chunk) {
      throw new IllegalArgumentException(
          "This cache takes 1 to %d positions at once, not %d.".formatted(chunk, count));
    }
    if (count > contextLength - start) {
      throw new IllegalArgumentException(
          "Positions %d to %d go beyond the model's context of %d."
              .formatted(start, start + count - 1, contextLength));
    }
  }

  /** Where a new pass has its values before the first block and behind the last. */
  Activations activations() {
    beyondBlocks.restart();
    return beyondBlocks;
  }

  /** Where a block that begins has its values; those of the other blocks stay. */
  Activations activations(int layer) {
    ofBlocks[layer].restart();
    return ofBlocks[layer];
  }

  /** The angles of some positions, kept from layer to layer. */
  Rope.Turns turns(Rope rope, int start, int count) {
    rope.turn(turns, start, count);
    return turns;
  }

  /** Appends the rows at positions {@code start}, {@code start + 1}, ... of one layer. */
  Layer write(int layer, int start, float[][] k, float[][] v) {
    Layer to = layers[layer];
    if (start != to.length) {
      throw new IllegalArgumentException(
          "Layer %d continues at position %d, not at %d.".formatted(layer, to.length, start));
    }
    for (int r = 0; r < k.length; r++) {
      to.append(k[r], v[r]);
    }
    return to;
  }

  /** Keys and values of one layer: position p lies in slot {@code p % capacity}. */
  static final class Layer {

    private static final int FIRST_GROWTH = 64;

    /** A full layer's ring never comes round. */
    private final int capacity;

    private final int width;
    private int length;
    float[][] keys = new float[0][];
    float[][] values = new float[0][];

    private Layer(int capacity, int width, int expected) {
      this.capacity = capacity;
      this.width = width;
      grow(Math.min(capacity, expected));
    }

    private void grow(int slots) {
      int before = keys.length;
      keys = Arrays.copyOf(keys, slots);
      values = Arrays.copyOf(values, slots);
      for (int slot = before; slot < slots; slot++) {
        keys[slot] = new float[width];
        values[slot] = new float[width];
      }
    }

    private void append(float[] key, float[] value) {
      if (length == keys.length && length < capacity) {
        grow((int) Math.min(capacity, Math.max(FIRST_GROWTH, 2L * length)));
      }
      int slot = length % capacity;
      System.arraycopy(key, 0, keys[slot], 0, width);
      System.arraycopy(value, 0, values[slot], 0, width);
      length++;
    }

    /** Positions written so far; the last {@code capacity} of them are there. */
    int length() {
      return length;
    }

    /** Positions that there is memory for now. */
    int room() {
      return keys.length;
    }

    /** Where a position lies that is still there. */
    int slot(int position) {
      int first = Math.max(0, length - capacity);
      if (position < first || position >= length) {
        throw new IllegalArgumentException(
            "Position %d is not in a cache that holds %d to %d."
                .formatted(position, first, length - 1));
      }
      return position % capacity;
    }

    /** Positions from {@code position} to the last slot; the next one is in slot 0. */
    int untilTheRingCloses(int position) {
      return capacity - slot(position);
    }
  }
}
