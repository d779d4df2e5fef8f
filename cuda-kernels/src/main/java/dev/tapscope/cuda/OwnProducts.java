package dev.tapscope.cuda;

import jcuda.driver.CUstream;

/** By the kernels of gemm.cu, which need no library. */
final class OwnProducts implements Products {
  private static final int SIDE = 128;
  private static final int THREADS = 256;

  private final Kernel nt;
  private final Kernel nn;
  private final Kernel tn;

  OwnProducts(Gpu gpu) {
    nt = gpu.kernel("gemm", "product_nt");
    nn = gpu.kernel("gemm", "product_nn");
    tn = gpu.kernel("gemm", "product_tn");
  }

  @Override
  public void nt(CUstream stream, int m, int n, int k, long a, long b, boolean add, long c) {
    launch(nt, stream, m, n, k, a, b, add, c);
  }

  @Override
  public void nn(CUstream stream, int m, int n, int k, long a, long b, boolean add, long c) {
    launch(nn, stream, m, n, k, a, b, add, c);
  }

  @Override
  public void tn(CUstream stream, int m, int n, int k, long a, long b, boolean add, long c) {
    launch(tn, stream, m, n, k, a, b, add, c);
  }

  private static void launch(
      Kernel kernel, CUstream stream, int m, int n, int k, long a, long b, boolean add, long c) {
    Grid grid = Grid.of(Math.ceilDiv(n, SIDE), Math.ceilDiv(m, SIDE));
    kernel.launch(stream, grid, THREADS, 0, a, b, c, m, n, k, add ? 1 : 0);
  }

  /** A chain of k roundings of 2^-24 each, and some room for their products. */
  @Override
  public double error(int k) {
    return (k + 1) * 0x1p-24 * 1.01;
  }
}
