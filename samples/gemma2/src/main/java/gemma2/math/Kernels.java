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

  /** The set that is fastest on this JVM. */
  static Kernels choose() {
    return vectorModulePresent() && vectorsCompiled() ? vector() : new PlainKernels();
  }

  /** The Vector API's, whose module must have been added. */
  static Kernels vector() {
    return new VectorKernels();
  }

  /** Whether the JVM was started with {@code --add-modules jdk.incubator.vector}. */
  static boolean vectorModulePresent() {
    return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
  }

  /**
   * Whether this JVM makes instructions of vectors. Its second compiler does; without it each
   * vector is an object, and takes many times as long as plain loops do.
   */
  static boolean vectorsCompiled() {
    return vectorsCompiled(System.getProperty("java.vm.info", ""));
  }

  /**
   * The same of a JVM that says this of itself: HotSpot names a JVM with its first compiler alone
   * an emulated client, and one with none interpreted.
   */
  static boolean vectorsCompiled(String vmInfo) {
    return !vmInfo.contains("emulated-client") && !vmInfo.contains("interpreted");
  }

  /** What to call this set in messages. */
  String name();

  /**
   * Some columns of {@code y = x W^T}: {@code y[r][o] = sum_i x[r][i] w[o][i]} for every row r and
   * {@code from <= o < to}.
   */
  void multiply(Matrix w, float[][] x, float[][] y, int from, int to);

  /**
   * What {@link #multiply} does before the first column it is asked for, however many these are:
   * about as many multiplications as for this many columns.
   *
   * @param rows of activations
   */
  int columnsToBegin(int rows);

  /**
   * Reads some of the weights that {@link #multiply} of one row would read first for columns {@code
   * from <= o < to}, and does nothing with them.
   *
   * @param step 0 for the first bytes, 1 for the next ones, and so on
   * @return whether there is more that is worth it
   */
  boolean readAhead(Matrix w, int from, int to, int step);

  /**
   * Dot products of one vector with many: {@code out[to + j] = sum_i a[at + i] rows[first +
   * j][column + i]}, i below {@code n}, for j below {@code count}.
   */
  void dots(
      float[] a,
      int at,
      float[][] rows,
      int first,
      int column,
      int n,
      float[] out,
      int to,
      int count);

  /**
   * Adds a weighted sum of vectors, one after the other: {@code out[to + i] += sum_j weights[at +
   * j] rows[first + j][column + i]} for i below {@code n}, j below {@code count}.
   */
  void blend(
      float[] weights,
      int at,
      int count,
      float[][] rows,
      int first,
      int column,
      int n,
      float[] out,
      int to);

  /** {@code sum_i x[i]^2}, in double precision. */
  double sumOfSquares(float[] x);

  /** {@code out[i] = gelu(gate[i]) up[i]}; GELU in its tanh form, which Gemma was trained with. */
  void multiplyGelu(float[] gate, float[] up, float[] out);

  /** {@code out[to + i] = cap tanh(x[at + i] / cap)} for i below {@code n}; the cap is finite. */
  void softcap(float[] x, int at, float cap, float[] out, int to, int n);

  /** {@code out[to + i] = exp(x[at + i]) / sum_j exp(x[at + j])} for i and j below {@code n}. */
  void softmax(float[] x, int at, float[] out, int to, int n);
}
