package dev.tapscope.device;

import dev.tapscope.cuda.Cuda;
import dev.tapscope.cuda.Gpu;
import dev.tapscope.cuda.GpuException;
import dev.tapscope.kernel.SaeKernels;
import dev.tapscope.kernel.SaeWeights;
import dev.tapscope.step.Dimensions;
import dev.tapscope.step.Method;
import dev.tapscope.step.SaeInTraining;
import dev.tapscope.step.StepMemory;
import dev.tapscope.tap.TapscopeException;
import java.util.function.Consumer;

/**
 * Where SAEs run and are trained, and the one place that decides it. Thread-safe; what it makes is
 * used no longer than it is open.
 */
public interface Device extends AutoCloseable {
  /**
   * Opens what the option asks for. With {@code auto} a GPU that cannot be used costs one sentence
   * and no more; where there is no NVIDIA driver there is nothing to say, since nobody expects a
   * GPU to be used there.
   *
   * @param say takes sentences for the user
   * @throws TapscopeException {@code device-cuda} when a GPU is asked for and cannot be used
   */
  static Device open(DeviceOption option, Consumer<String> say) {
    if (option == DeviceOption.CPU) {
      return new CpuDevice(say);
    }
    boolean insists = option == DeviceOption.CUDA;
    try {
      switch (Cuda.probe()) {
        case Cuda.Found found -> {
          return new CudaDevice(found, Gpu.open(), insists, say);
        }
        case Cuda.Absent absent when insists -> throw unusable(absent.sentence());
        case Cuda.Absent absent -> {
          if (absent.driver()) {
            say.accept(absent.sentence() + " SAEs run on the CPU.");
          }
        }
      }
    } catch (GpuException e) {
      if (insists) {
        throw unusable(e.getMessage());
      }
      say.accept(e.getMessage() + " SAEs run on the CPU.");
    }
    return new CpuDevice(say);
  }

  private static TapscopeException unusable(String why) {
    return TapscopeException.failed(
        "device-cuda",
        "device=cuda was asked for, and there is no GPU to use: %s Use device=cpu or device=auto."
            .formatted(why));
  }

  /** {@code cpu} or {@code cuda}, as recorded with runs. */
  String name();

  /** The same and which one it is, as recorded with checkpoints: bits depend on it. */
  String model();

  /**
   * What runs an SAE. On a GPU its weights are there when this returns, and have been tried.
   *
   * @throws TapscopeException {@code device-memory} or {@code device-failed} when the GPU was
   *     insisted on; otherwise the CPU runs this one, and that is said
   */
  SaeKernels kernels(SaeWeights weights);

  /**
   * What steps take.
   *
   * @param rows of a batch
   * @param threads of the CPU that take part
   * @param active share of all {@code rows x F} preactivations above their thresholds at first
   * @param kept share of those that are not below their thresholds' bands
   * @throws TapscopeException {@code device-precision} when it cannot take steps of that precision
   */
  StepMemory memory(
      Dimensions dimensions, Method method, int rows, int threads, double active, double kept);

  /**
   * This device, if it has memory for a training, or the CPU where it may take this one's place.
   *
   * @param bytes of {@link StepMemory#card()}
   * @throws TapscopeException {@code device-memory} when the GPU was insisted on
   */
  Device holding(long bytes);

  /**
   * An SAE to be trained.
   *
   * @param rows of every batch
   * @param threads of the CPU that take part
   * @throws TapscopeException {@code device-memory}, {@code device-failed} or {@code
   *     device-precision}
   */
  SaeInTraining train(Dimensions dimensions, Method method, int rows, int threads);

  @Override
  void close();
}
