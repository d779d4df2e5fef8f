package dev.tapscope.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import jcuda.Pointer;
import jcuda.cudaDataType;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasAtomicsMode;
import jcuda.jcublas.cublasComputeType;
import jcuda.jcublas.cublasGemmAlgo;
import jcuda.jcublas.cublasHandle;
import jcuda.jcublas.cublasMath;
import jcuda.jcublas.cublasOperation;
import jcuda.jcublas.cublasStatus;
import jcuda.runtime.cudaStream_t;

/**
 * Matrix products by cuBLAS, in the order of a GPU's stream. All matrices are row-major here; to
 * cuBLAS, whose matrices are column-major, each is its transpose. Used by one thread at a time.
 *
 * <p>What cuBLAS says of reproducibility (cuBLAS documentation, "Results Reproducibility"): a
 * function gives the same bits every time on GPUs of the same architecture with as many
 * multiprocessors, from the same version of the library, while one stream is active, or each has
 * its own workspace; and without the atomics mode. That is how it is used here. Another version,
 * another card or another shape of the product may give other bits.
 */
final class Gemm implements ShadowProducts, AutoCloseable {
  /** What NVIDIA advises for Hopper; smaller cards do with less. */
  private static final long WORKSPACE_BYTES = 32L << 20;

  private final Gpu gpu;
  private final cublasHandle handle;
  private final DeviceArray workspace;

  /** Numbers that a product is multiplied by, in memory whose address a call gets. */
  private final Pointer one = number(1);

  private final Pointer zero = number(0);

  private Gemm(Gpu gpu, cublasHandle handle, DeviceArray workspace) {
    this.gpu = gpu;
    this.handle = handle;
    this.workspace = workspace;
  }

  /**
   * Makes ready what {@link Cublas#probe} has found; empty where that is nothing.
   *
   * @throws GpuException where cuBLAS is there and cannot be started on this GPU
   */
  static Optional<Gemm> open(Gpu gpu) {
    if (!(Cublas.probe() instanceof Cublas.Found)) {
      return Optional.empty();
    }
    gpu.makeCurrent();
    cublasHandle handle = new cublasHandle();
    // A handle that was not made must not be destroyed: cuBLAS crashes.
    check(JCublas2.cublasCreate(handle), "starting");
    Gemm gemm = null;
    DeviceArray workspace = null;
    try {
      workspace = gpu.memory().take("cuBLAS's workspace", WORKSPACE_BYTES);
      check(
          JCublas2.cublasSetStream(handle, new cudaStream_t(gpu.stream())), "being given a stream");
      // After the stream: setting that takes back a workspace.
      check(
          JCublas2.cublasSetWorkspace(handle, workspace.pointer(0), WORKSPACE_BYTES),
          "being given a workspace");
      check(
          JCublas2.cublasSetAtomicsMode(handle, cublasAtomicsMode.CUBLAS_ATOMICS_NOT_ALLOWED),
          "being told to do without atomics");
      check(
          JCublas2.cublasSetMathMode(
              handle,
              cublasMath.CUBLAS_DEFAULT_MATH
                  | cublasMath.CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION),
          "being told to keep its precision");
      gemm = new Gemm(gpu, handle, workspace);
      return Optional.of(gemm);
    } finally {
      if (gemm == null) {
        JCublas2.cublasDestroy(handle);
        if (workspace != null) {
          workspace.close();
        }
      }
    }
  }

  /** One of the two factors of a product or the product: row-major, in a part of an array. */
  record Matrix(DeviceArray array, long offset, int stride) {
    /**
     * @param offset bytes of the array before it
     * @param stride elements from one row to the next
     */
    Matrix {
      if (offset < 0 || stride <= 0) {
        throw new IllegalArgumentException(
            "a matrix at byte %d of %s with rows %d apart".formatted(offset, array.name(), stride));
      }
    }

    static Matrix of(DeviceArray array, int stride) {
      return new Matrix(array, 0, stride);
    }

    private Pointer pointer(long rows, long columns, int elementBytes) {
      long needed = offset + ((rows - 1) * stride + columns) * elementBytes;
      if (columns > stride || needed > array.bytes()) {
        throw new IllegalArgumentException(
            "%d x %d elements with rows %d apart, from byte %d of %s, which has %d bytes"
                .formatted(rows, columns, stride, offset, array.name(), array.bytes()));
      }
      return array.pointer(offset);
    }
  }

  /**
   * {@code product = x w^T}, by the tensor cores: halves, summed in fp32.
   *
   * @param x [rows, width] halves
   * @param w [features, width] halves
   * @param product [rows, features] floats
   */
  void halves(Matrix x, Matrix w, Matrix product, int rows, int features, int width) {
    if (rows == 0 || features == 0) {
      return;
    }
    gpu.makeCurrent();
    check(
        JCublas2.cublasGemmEx_new(
            handle,
            cublasOperation.CUBLAS_OP_T,
            cublasOperation.CUBLAS_OP_N,
            features,
            rows,
            width,
            one,
            w.pointer(features, width, Short.BYTES),
            cudaDataType.CUDA_R_16F,
            w.stride(),
            x.pointer(rows, width, Short.BYTES),
            cudaDataType.CUDA_R_16F,
            x.stride(),
            zero,
            product.pointer(rows, features, Float.BYTES),
            cudaDataType.CUDA_R_32F,
            product.stride(),
            cublasComputeType.CUBLAS_COMPUTE_32F,
            cublasGemmAlgo.CUBLAS_GEMM_DEFAULT),
        "multiplying matrices of halves");
    Kernel.countLaunch();
  }

  @Override
  public void multiply(
      DeviceArray x,
      int rows,
      DeviceArray w,
      int first,
      int count,
      int stride,
      DeviceArray products) {
    halves(
        Matrix.of(x, stride),
        new Matrix(w, (long) first * stride * Short.BYTES, stride),
        Matrix.of(products, count),
        rows,
        count,
        stride);
  }

  /** {@code C [m, n] = A [m, k] B [n, k]^T} in fp32, added to C where {@code add}. */
  void nt(int m, int n, int k, long a, long b, boolean add, long c) {
    floats(m, n, k, factor(a, k, false), factor(b, k, true), add, c);
  }

  /** {@code C [m, n] = A [m, k] B [k, n]} in fp32, added to C where {@code add}. */
  void nn(int m, int n, int k, long a, long b, boolean add, long c) {
    floats(m, n, k, factor(a, k, false), factor(b, n, false), add, c);
  }

  /** {@code C [m, n] = A [k, m]^T B [k, n]} in fp32, added to C where {@code add}. */
  void tn(int m, int n, int k, long a, long b, boolean add, long c) {
    floats(m, n, k, factor(a, m, true), factor(b, n, false), add, c);
  }

  /** Of a product in fp32: its rows without gaps, at an address of the card. */
  private record Factor(Pointer pointer, int stride, int operation) {}

  private static Factor factor(long address, int stride, boolean transpose) {
    return new Factor(
        pointer(address),
        stride,
        transpose ? cublasOperation.CUBLAS_OP_T : cublasOperation.CUBLAS_OP_N);
  }

  private static Pointer pointer(long address) {
    return new DevicePointer().withByteOffset(address);
  }

  private void floats(int m, int n, int k, Factor a, Factor b, boolean add, long c) {
    if (m == 0 || n == 0) {
      return;
    }
    gpu.makeCurrent();
    // To cuBLAS the transpose of C, which is op(B)^T op(A)^T.
    check(
        JCublas2.cublasSgemm(
            handle,
            b.operation(),
            a.operation(),
            n,
            m,
            k,
            one,
            b.pointer(),
            b.stride(),
            a.pointer(),
            a.stride(),
            add ? one : zero,
            pointer(c),
            n),
        "multiplying matrices");
    Kernel.countLaunch();
  }

  private static Pointer number(float value) {
    ByteBuffer buffer = ByteBuffer.allocateDirect(Float.BYTES).order(ByteOrder.nativeOrder());
    buffer.putFloat(0, value);
    return Pointer.to(buffer);
  }

  private static void check(int status, String doing) {
    if (status != cublasStatus.CUBLAS_STATUS_SUCCESS) {
      throw new GpuException(
          "cuBLAS failed while %s: %s. %s=none does without it."
              .formatted(doing, cublasStatus.stringFor(status), CublasPlaces.VARIABLE));
    }
  }

  @Override
  public void close() {
    gpu.makeCurrent();
    gpu.synchronize();
    JCublas2.cublasDestroy(handle);
    workspace.close();
  }
}
