package gemma2.math;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Where the values of a pass lie: one row per position, every value in rows of its own. The next
 * pass, after {@link #restart}, asks for the same rows in the same order and gets the same arrays
 * again, so that a token is decoded without allocating; what it asks for in another shape is made
 * anew.
 *
 * <p>Rows hold what the pass before has left in them. Used by one thread at a time.
 */
public final class Activations {

  private final List<float[][]> rows = new ArrayList<>();
  private final List<FloatBuffer[][]> heads = new ArrayList<>();
  private int nextRows;
  private int nextHeads;

  /** Begins a pass: all rows may be handed out again. */
  public void restart() {
    nextRows = 0;
    nextHeads = 0;
  }

  /** {@code n} rows of {@code width}, which nothing else of this pass has. */
  public float[][] rows(int n, int width) {
    if (nextRows == rows.size()) {
      rows.add(new float[0][0]);
    }
    float[][] given = rows.get(nextRows);
    if (given.length != n || given[0].length != width) {
      given = new float[n][width];
      rows.set(nextRows, given);
    }
    nextRows++;
    return given;
  }

  /**
   * For each of {@code n} rows and each head a buffer with room for {@code capacity} keys, which
   * nothing else of this pass has; its limit is for the caller to set.
   */
  public FloatBuffer[][] heads(int n, int heads, int capacity) {
    if (nextHeads == this.heads.size()) {
      this.heads.add(new FloatBuffer[0][0]);
    }
    FloatBuffer[][] given = this.heads.get(nextHeads);
    if (given.length != n || given[0].length != heads || given[0][0].capacity() < capacity) {
      given = buffers(n, heads, capacity);
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
