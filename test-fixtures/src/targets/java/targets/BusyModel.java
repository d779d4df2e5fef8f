package targets;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A transformer with the habits of fast ones: the residual stream is changed in place, buffers come
 * from a pool, rows are computed on worker threads. Attention weighs earlier inputs by {@code (1 +
 * |k q|) / sum}, with keys {@code (layer + 1) x}; the feed-forward part adds half of the stream.
 * All of it can be followed by hand.
 */
public final class BusyModel {
  public static final int WIDTH = 2;
  public static final int LAYERS = 3;

  /** Keys and values of one text. */
  public static final class Cache {
    public final List<List<float[]>> keys = new ArrayList<>();
    final List<List<float[]>> values = new ArrayList<>();

    public Cache() {
      for (int layer = 0; layer < LAYERS; layer++) {
        keys.add(new ArrayList<>());
        values.add(new ArrayList<>());
      }
    }
  }

  /** Buffers that are used again: whoever takes one gives it back, once. */
  public static final class Pool {
    private final Deque<float[][]> free = new ArrayDeque<>();
    private int taken;

    synchronized float[][] take(int rows) {
      taken++;
      float[][] buffer = free.isEmpty() ? new float[0][] : free.pop();
      if (buffer.length != rows) {
        buffer = new float[rows][WIDTH];
      }
      return buffer;
    }

    synchronized void give(float[][] buffer) {
      taken--;
      for (float[][] one : free) {
        if (one == buffer) {
          throw new IllegalStateException("a buffer was given back twice");
        }
      }
      free.push(buffer);
    }

    /** Buffers taken and not given back. */
    public synchronized int open() {
      return taken;
    }
  }

  public final Pool pool = new Pool();
  private final List<Block> blocks = new ArrayList<>();
  private final boolean gated;

  public BusyModel() {
    this(false);
  }

  /**
   * @param gated whether the part that no one usually needs is computed, too
   */
  public BusyModel(boolean gated) {
    this.gated = gated;
    for (int layer = 0; layer < LAYERS; layer++) {
      blocks.add(new Block(layer, pool, gated));
    }
  }

  /** The rows after the last layer; token {@code t} goes in as {@code (t, -t)}. */
  public float[][] forward(int[] ids, int start, Cache cache) {
    float[][] x = new float[ids.length][WIDTH];
    for (int i = 0; i < ids.length; i++) {
      x[i][0] = ids[i];
      x[i][1] = -ids[i];
    }
    for (Block block : blocks) {
      block.forward(x, start, cache);
    }
    return gated ? Late.touch(x) : x;
  }

  /** A part of the model whose class nothing has loaded yet. */
  public static final class Late {
    private Late() {}

    public static float[][] touch(float[][] x) {
      float[][] touched = x;
      return touched;
    }
  }

  /** Token by token: a pass for each. */
  public float[][] decode(int[] ids, Cache cache) {
    float[][] last = {};
    for (int position = 0; position < ids.length; position++) {
      last = forward(new int[] {ids[position]}, position, cache);
    }
    return last;
  }

  /** What a worker does that is late: a row of an earlier pass, once more. */
  public void straggle(float[] row, Cache cache) {
    blocks.get(0).attend(row, 0, cache, new float[WIDTH]);
  }

  /** A layer. */
  static final class Block {
    private final int layer;
    private final Pool pool;
    private final boolean gated;

    Block(int layer, Pool pool, boolean gated) {
      this.layer = layer;
      this.pool = pool;
      this.gated = gated;
    }

    void forward(float[][] x, int start, Cache cache) {
      float[][] keys = new float[x.length][WIDTH];
      scale(keys, x, layer + 1);
      for (float[] key : keys) {
        cache.keys.get(layer).add(key.clone());
      }
      for (float[] row : x) {
        cache.values.get(layer).add(row.clone());
      }
      float[][] mixed = pool.take(x.length);
      IntStream.range(0, x.length)
          .parallel()
          .forEach(i -> attend(x[i], start + i, cache, mixed[i]));
      add(x, mixed);
      pool.give(mixed);
      float[][] fed = pool.take(x.length);
      scale(fed, x, 0.5f);
      add(x, fed);
      pool.give(fed);
      if (gated) {
        float[][] gate = x;
        add(gate, new float[x.length][WIDTH]);
      }
    }

    /** One row of attention, on whatever thread has time. */
    private void attend(float[] query, int position, Cache cache, float[] into) {
      float[] weights = new float[position + 1];
      float sum = 0;
      for (int j = 0; j <= position; j++) {
        float[] key = cache.keys.get(layer).get(j);
        weights[j] = 1 + Math.abs(key[0] * query[0] + key[1] * query[1]);
        sum += weights[j];
      }
      for (int j = 0; j <= position; j++) {
        weights[j] /= sum;
      }
      float[] pattern = weights;
      for (int c = 0; c < WIDTH; c++) {
        into[c] = 0;
        for (int j = 0; j <= position; j++) {
          into[c] += pattern[j] * cache.values.get(layer).get(j)[c];
        }
      }
    }

    private static void add(float[][] x, float[][] y) {
      for (int i = 0; i < x.length; i++) {
        for (int c = 0; c < WIDTH; c++) {
          x[i][c] += y[i][c];
        }
      }
    }

    private static void scale(float[][] into, float[][] x, float by) {
      for (int i = 0; i < x.length; i++) {
        for (int c = 0; c < WIDTH; c++) {
          into[i][c] = by * x[i][c];
        }
      }
    }
  }
}
