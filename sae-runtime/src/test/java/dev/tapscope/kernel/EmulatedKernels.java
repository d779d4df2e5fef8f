package dev.tapscope.kernel;

import dev.tapscope.cuda.EmulatedDriver;
import dev.tapscope.emulated.EmulatedGpu;

/**
 * {@link CudaKernels} on the emulated GPU, taken up when they are needed, so that a test where
 * there is none is skipped and not left out.
 */
public final class EmulatedKernels implements SaeKernels {
  @Override
  public String name() {
    return "cuda";
  }

  @Override
  public void preactivations(SaeWeights weights, float[] x, int rows, float[] z) {
    kernels().preactivations(weights, x, rows, z);
  }

  @Override
  public SparseRows encode(SaeWeights weights, float[] x, int rows) {
    return kernels().encode(weights, x, rows);
  }

  @Override
  public void decode(SaeWeights weights, SparseRows f, float[] xhat) {
    kernels().decode(weights, f, xhat);
  }

  @Override
  public void addFeature(SaeWeights weights, int feature, float scale, float[] rows, int at) {
    kernels().addFeature(weights, feature, scale, rows, at);
  }

  @Override
  public void release(SaeWeights weights) {
    kernels().release(weights);
  }

  private static CudaKernels kernels() {
    EmulatedDriver.require();
    return Opened.KERNELS;
  }

  @Override
  public String toString() {
    return name();
  }

  private static final class Opened {
    static final CudaKernels KERNELS = new CudaKernels(EmulatedGpu.opened());
  }
}
