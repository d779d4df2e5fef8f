package dev.tapscope.step;

import dev.tapscope.cuda.Gpu;
import dev.tapscope.cuda.TrainingSettings;

/** The choice between the implementations. */
public final class Steps {
  private static final String VECTOR_MODULE = "jdk.incubator.vector";

  private Steps() {}

  /**
   * Loops in double that everything else is judged by; its state is {@code F64}.
   *
   * @throws IllegalArgumentException when the method does not fit the sizes
   */
  public static SaeInTraining plain(Dimensions dimensions, Method method) {
    return new PlainSae(dimensions, method, false);
  }

  /**
   * Sparse steps in float where this JVM has the Vector API, plain ones elsewhere. Whoever runs
   * them says so with {@link #advice}.
   *
   * @param threads that take part; the bits of the results do not depend on them, but on the width
   *     of the machine's vectors
   * @throws IllegalArgumentException when the method does not fit the sizes
   */
  public static SaeInTraining best(Dimensions dimensions, Method method, int threads) {
    return vectorApi() ? sparse(dimensions, method, threads) : plain(dimensions, method);
  }

  /** One sentence for the user when {@link #best} has to be slow, or the empty string. */
  public static String advice() {
    return vectorApi()
        ? ""
        : "SAEs are trained by plain loops, because this JVM was started without the Vector API;"
            + " add --add-modules "
            + VECTOR_MODULE
            + " to the java command for the fast ones.";
  }

  /**
   * The fast one: single precision by the Vector API, sparse after the encoder; its state is {@code
   * F32}. The bits of its results do not depend on the number of threads, but do on the width of
   * the machine's vectors: sums over a row have as many parts.
   *
   * @throws IllegalArgumentException when the method does not fit the sizes
   */
  public static SaeInTraining sparse(Dimensions dimensions, Method method, int threads) {
    return new SparseSae(dimensions, method, threads, PhaseClock.NONE, true);
  }

  /**
   * The same, for benchmarks.
   *
   * @param clock is told of every phase of a step
   * @param lazy whether rows without a gradient may be left alone, where that changes nothing
   */
  public static SaeInTraining measured(
      Dimensions dimensions, Method method, int threads, PhaseClock clock, boolean lazy) {
    return new SparseSae(dimensions, method, threads, clock, lazy);
  }

  /**
   * Steps on a GPU; its state is {@code F32}, and lies there. The bits of its results depend on the
   * state and the batches alone, but are others than the CPU's.
   *
   * @param gpu has to be open for as long as the SAE is
   * @throws IllegalArgumentException when the method does not fit the sizes
   * @throws dev.tapscope.cuda.GpuException when the GPU has too little memory, or fails
   */
  public static SaeInTraining cuda(Gpu gpu, Dimensions dimensions, Method method) {
    return new CudaSae(gpu, dimensions, method, TrainingSettings.USUAL_DENSITY);
  }

  private static boolean vectorApi() {
    return ModuleLayer.boot().findModule(VECTOR_MODULE).isPresent();
  }
}
