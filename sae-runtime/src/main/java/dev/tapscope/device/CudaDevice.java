package dev.tapscope.device;

import dev.tapscope.cuda.Cuda;
import dev.tapscope.cuda.Gpu;
import dev.tapscope.cuda.GpuException;
import dev.tapscope.cuda.GpuMemoryException;
import dev.tapscope.kernel.CudaKernels;
import dev.tapscope.kernel.SaeKernels;
import dev.tapscope.kernel.SaeWeights;
import dev.tapscope.step.Dimensions;
import dev.tapscope.step.Method;
import dev.tapscope.step.SaeInTraining;
import dev.tapscope.step.StepMemory;
import dev.tapscope.step.Steps;
import dev.tapscope.tap.TapscopeException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/** The first GPU. */
final class CudaDevice implements Device {
  private final Cuda.Found found;
  private final Gpu gpu;
  private final boolean insists;
  private final Consumer<String> say;
  private final CudaKernels kernels;
  private final CpuDevice cpu;
  private final AtomicBoolean said = new AtomicBoolean();

  /**
   * @param gpu belongs to this object from now on
   * @param insists whether the CPU may not take its place
   */
  CudaDevice(Cuda.Found found, Gpu gpu, boolean insists, Consumer<String> say) {
    this.found = found;
    this.gpu = gpu;
    this.insists = insists;
    this.say = say;
    this.kernels = new CudaKernels(gpu);
    this.cpu = new CpuDevice(say);
  }

  @Override
  public String name() {
    return "cuda";
  }

  @Override
  public String model() {
    return "cuda: " + found.name();
  }

  @Override
  public SaeKernels kernels(SaeWeights weights) {
    try {
      kernels.prepare(weights);
      return kernels;
    } catch (GpuException e) {
      kernels.release(weights);
      return replacement(e).kernels(weights);
    }
  }

  @Override
  public StepMemory memory(
      Dimensions dimensions, Method method, int rows, int threads, double active, double kept) {
    try {
      return StepMemory.onCard(gpu, dimensions, method, rows);
    } catch (GpuException e) {
      throw failure(e);
    }
  }

  @Override
  public Device holding(long bytes) {
    long free = gpu.freeBytes();
    if (bytes <= free) {
      return this;
    }
    return replacement(
        "Training needs about %,d MiB of the GPU's memory, and %,d MiB of the %s's %,d MiB are free. Train with a smaller width or batch, or end other programs on the card."
            .formatted(bytes >> 20, free >> 20, found.name(), found.memory() >> 20));
  }

  @Override
  public SaeInTraining train(Dimensions dimensions, Method method, int rows, int threads) {
    try {
      return Steps.cuda(gpu, dimensions, method);
    } catch (GpuException e) {
      throw failure(e);
    }
  }

  /** What runs an SAE that the GPU cannot run, unless it has to. */
  private Device replacement(GpuException e) {
    if (insists) {
      throw failure(e);
    }
    sayOnce(e.getMessage());
    return cpu;
  }

  private Device replacement(String outOfMemory) {
    if (insists) {
      throw TapscopeException.failed("device-memory", outOfMemory + " Or use device=cpu.");
    }
    sayOnce(outOfMemory);
    return cpu;
  }

  private void sayOnce(String sentence) {
    if (said.compareAndSet(false, true)) {
      say.accept(sentence + " The CPU is used in its place.");
    }
  }

  private static TapscopeException failure(GpuException e) {
    String id = e instanceof GpuMemoryException ? "device-memory" : "device-failed";
    return TapscopeException.failed(id, e.getMessage(), e);
  }

  @Override
  public void close() {
    kernels.close();
    gpu.close();
  }
}
