package gemma2.math;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Where the values of a block lie: one row per position, every value in rows of its own. When the
 * block is run for one position again, after {@link #restart}, it asks for the same rows in the
 * same order and gets the same arrays, so that a token is decoded without allocating; they hold
 * what the position before has left in them. Rows for several positions are made anew.
 *
 * <p>Used by one thread at a time.
 */
public final class Activations {

  private final List<float[][]> rows = new ArrayList<>();
  private final List<FloatBuffer[][]> heads = new ArrayList<>();
  private int nextRows;
  private int nextHeads;

  /** Begins anew: all rows may be handed out again. */
  public void restart() {
    nextRows = 0;
    nextHeads = 0;
  }

  /** {@code n} rows of {@code width}, which nothing else has. */
  public float[][] rows(int n, int width) {
    if (n > 1) {
      return new float[n][width];
    }
    if (nextRows == rows.size()) {
      rows.add(new float[1][width]);
    }
    float[][] given = rows.get(nextRows);
    if (given[0].length != width) {
      given = new float[1][width];
      rows.set(nextRows, given);
    }
    nextRows++;
    return given;
  }

  /**
   * For each of {@code n} rows and each head a buffer with room for {@code capacity} keys, which
   * nothing else has; its limit is for the caller to set.
   */
  public FloatBuffer[][] heads(int n, int heads, int capacity) {
    if (n > 1) {
      return buffers(n, heads, capacity);
    }
    if (nextHeads == this.heads.size()) {
      this.heads.add(buffers(1, heads, capacity));
    }
    FloatBuffer[][] given = this.heads.get(nextHeads);
    if (given[0].length != heads || given[0][0].capacity() < capacity) {
      given = buffers(1, heads, capacity);
      this.heads.set(nextHeads, given);
    }
    nextHeads++;
    return given;
  }

  private static FloatBuffer[][] buffers(int n, int heads, int capacity) {
    FloatBuffer[][] buffers = new FloatBuffer[n][heads];
    for (FloatBuffer[] row : buffers) {
      for (int head = 0; head < heads; head++) {
        row[head] = FloatBuffer.allocate(capacity);
      }
    }
    return buffers;
  }

  /** {@code a + b}, element by element. */
  public float[][] add(float[][] a, float[][] b) {
    float[][] sum = rows(a.length, a[0].length);
    for (int r = 0; r < a.length; r++) {
      add(a[r], b[r], sum[r]);
    }
    return sum;
  }

  private static void add(float[] a, float[] b, float[] sum) {
    for (int i = 0; i < sum.length; i++) {
      sum[i] = a[i] + b[i];
    }
  }
}
