package dev.tapscope.cuda;

import jcuda.driver.CUstream;

/**
 * Products of matrices in single precision, row-major without gaps, given by their addresses on the
 * card. The same sizes give the same bits, every time.
 */
interface Products extends AutoCloseable {
  /** {@code C [m, n] = A [m, k] B [n, k]^T}, added to C where {@code add}. */
  void nt(CUstream stream, int m, int n, int k, long a, long b, boolean add, long c);

  /** {@code C [m, n] = A [m, k] B [k, n]}, added to C where {@code add}. */
  void nn(CUstream stream, int m, int n, int k, long a, long b, boolean add, long c);

  /** {@code C [m, n] = A [k, m]^T B [k, n]}, added to C where {@code add}. */
  void tn(CUstream stream, int m, int n, int k, long a, long b, boolean add, long c);

  /**
   * How far an entry may lie from the exact sum at most, as a share of the product of its two rows'
   * lengths.
   *
   * @param k length of the sum
   */
  double error(int k);

  @Override
  default void close() {}
}
