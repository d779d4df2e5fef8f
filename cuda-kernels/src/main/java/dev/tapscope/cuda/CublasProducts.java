package dev.tapscope.cuda;

import jcuda.driver.CUstream;

/**
 * By cuBLAS, which belongs to the GPU and is closed with it.
 *
 * @param stream the GPU's, which is cuBLAS's too
 */
record CublasProducts(Gemm gemm, CUstream stream) implements Products {
  @Override
  public void nt(CUstream in, int m, int n, int k, long a, long b, boolean add, long c) {
    require(in).nt(m, n, k, a, b, add, c);
  }

  @Override
  public void nn(CUstream in, int m, int n, int k, long a, long b, boolean add, long c) {
    require(in).nn(m, n, k, a, b, add, c);
  }

  @Override
  public void tn(CUstream in, int m, int n, int k, long a, long b, boolean add, long c) {
    require(in).tn(m, n, k, a, b, add, c);
  }

  private Gemm require(CUstream in) {
    if (!in.equals(stream)) {
      throw new IllegalArgumentException("cuBLAS works in the GPU's own stream");
    }
    return gemm;
  }

  /**
   * Sums in whatever order, with k roundings of 2^-24 at most, and some room for their products.
   */
  @Override
  public double error(int k) {
    return (k + 1) * 0x1p-24 * 1.01;
  }
}
