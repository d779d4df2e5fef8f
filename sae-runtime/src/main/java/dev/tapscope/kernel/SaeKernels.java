package dev.tapscope.kernel;

/**
 * The products of an SAE. Implementations are thread-safe, and what they keep of weights changes no
 * result. The bits of a row's result depend on that row and the weights alone: not on the other
 * rows of a call, the number of threads, or how long the JVM has been running.
 *
 * <p>Rows are passed row-major in one array: row {@code r} starts at {@code r * width}.
 */
public interface SaeKernels {

  /** {@code plain}, {@code vector} or {@code cuda}, as recorded with a run. */
  String name();

  /**
   * {@code z = x @ W_enc + b_enc}.
   *
   * @param x {@code [rows, d_in]}
   * @param z result {@code [rows, F]}
   */
  void preactivations(SaeWeights weights, float[] x, int rows, float[] z);

  /**
   * {@code xhat = f @ W_dec + b_dec}.
   *
   * @param xhat result {@code [f.rows(), d_out]}
   */
  void decode(SaeWeights weights, SparseRows f, float[] xhat);

  /**
   * {@code row += scale * W_dec[feature]}.
   *
   * @param at where the row of {@code d_out} values starts in {@code rows}
   */
  void addFeature(SaeWeights weights, int feature, float scale, float[] rows, int at);

  /**
   * The features whose gate is open, {@code z > threshold} strictly, with {@code z} as value.
   *
   * @param x {@code [rows, d_in]}
   */
  default SparseRows encode(SaeWeights weights, float[] x, int rows) {
    return Gate.encode(this, weights, x, rows);
  }

  /**
   * Gives back what is held for weights. For those that are not used again; they may be, all the
   * same.
   */
  default void release(SaeWeights weights) {}
}
