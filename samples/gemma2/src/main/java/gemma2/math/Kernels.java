package gemma2.math;

/**
 * The inner loops of the forward pass. There are two sets of them, chosen once at start: plain
 * loops, and the same sums on the Vector API.
 *
 * <p>Every sum is taken in an order that depends on its length alone: not on how many rows are
 * multiplied together, nor on how the work is cut among threads, nor on whether the code has been
 * compiled yet. The two sets sum in different orders, so they agree to rounding only.
 */
public interface Kernels {

  /** The best set this JVM can run: the Vector API's when its module was added at start. */
  static Kernels choose() {
    return vectorModulePresent() ? new VectorKernels() : new PlainKernels();
  }

  /** Whether the JVM was started with {@code --add-modules jdk.incubator.vector}. */
  static boolean vectorModulePresent() {
    return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
  }

  /** What to call this set in messages. */
  String name();

  /**
   * Some columns of {@code y = x W^T}: {@code y[r][o] = sum_i x[r][i] w[o][i]} for every row r and
   * {@code from <= o < to}.
   */
  void multiply(Matrix w, float[][] x, float[][] y, int from, int to);

  /**
   * Dot products of one vector with many: {@code out[j] = sum_i a[at + i] rows[first + j][column +
   * i]}, i below {@code n}, for every j of {@code out}.
   */
  void dots(float[] a, int at, float[][] rows, int first, int column, int n, float[] out);

  /**
   * A weighted sum of vectors: {@code out[at + i] = sum_j weights[j] rows[first + j][column + i]}
   * for i below {@code n}.
   */
  void blend(float[] weights, float[][] rows, int first, int column, int n, float[] out, int at);
}
