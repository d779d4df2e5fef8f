package gemma2.model;

import java.util.Arrays;

/**
 * The keys and values of one sequence, layer by layer. A sliding layer keeps a ring of the last
 * {@code window + chunk} positions, which is all that a chunk of new rows can still see; a full
 * layer keeps every position and grows as they come.
 *
 * <p>One object per sequence, used by one thread at a time.
 */
public final class KvCache {

  private final int contextLength;
  private final int chunk;
  private final Layer[] layers;

  /**
   * An empty cache.
   *
   * @param chunk the most positions that will be written at once
   */
  public KvCache(Config config, int chunk) {
    if (chunk < 1) {
      throw new IllegalArgumentException("A chunk has at least one position, not " + chunk + ".");
    }
    this.contextLength = config.contextLength();
    this.chunk = chunk;
    this.layers = new Layer[config.layers()];
    int ring = (int) Math.min((long) config.window() + chunk, contextLength);
    for (int i = 0; i < layers.length; i++) {
      layers[i] = new Layer(config.sliding().get(i) ? ring : contextLength);
    }
  }

  /** Positions written so far, by the layer that is furthest behind. */
  public int length() {
    return Arrays.stream(layers).mapToInt(layer -> layer.length).min().orElseThrow();
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

  /** Appends the rows at positions {@code start}, {@code start + 1}, ... of one layer. */
  void write(int layer, int start, float[][] k, float[][] v) {
    Layer to = layers[layer];
    if (start != to.length) {
      throw new IllegalArgumentException(
          "Layer %d continues at position %d, not at %d.".formatted(layer, to.length, start));
    }
    for (int r = 0; r < k.length; r++) {
      to.append(k[r], v[r]);
    }
  }

  /** The keys of positions {@code first} to {@code end - 1}, not copied. */
  float[][] keys(int layer, int first, int end) {
    return layers[layer].view(layers[layer].keys, first, end);
  }

  /** The values of positions {@code first} to {@code end - 1}, not copied. */
  float[][] values(int layer, int first, int end) {
    return layers[layer].view(layers[layer].values, first, end);
  }

  /** Position p lies in slot {@code p % capacity}; a full layer never comes round. */
  private static final class Layer {
    final int capacity;
    float[][] keys = new float[0][];
    float[][] values = new float[0][];
    int length;

    Layer(int capacity) {
      this.capacity = capacity;
    }

    void append(float[] key, float[] value) {
      if (length == keys.length && length < capacity) {
        int larger = (int) Math.min(capacity, Math.max(64, 2L * length));
        keys = Arrays.copyOf(keys, larger);
        values = Arrays.copyOf(values, larger);
      }
      keys[length % capacity] = key.clone();
      values[length % capacity] = value.clone();
      length++;
    }

    float[][] view(float[][] slots, int first, int end) {
      if (first < Math.max(0, length - capacity) || end > length) {
        throw new IllegalArgumentException(
            "Positions %d to %d are not in a cache that holds %d to %d."
                .formatted(first, end - 1, Math.max(0, length - capacity), length - 1));
      }
      float[][] rows = new float[end - first][];
      for (int p = first; p < end; p++) {
        rows[p - first] = slots[p % capacity];
      }
      return rows;
    }
  }
}
