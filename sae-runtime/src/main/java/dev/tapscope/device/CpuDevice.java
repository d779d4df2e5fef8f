package dev.tapscope.device;

import dev.tapscope.cuda.Precision;
import dev.tapscope.kernel.Kernels;
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

/** The CPU. Says once when it has to be slow. */
final class CpuDevice implements Device {
  static final String NAME = "cpu";

  private final Consumer<String> say;
  private final AtomicBoolean advised = new AtomicBoolean();

  CpuDevice(Consumer<String> say) {
    this.say = say;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String model() {
    return NAME;
  }

  @Override
  public SaeKernels kernels(SaeWeights weights) {
    advise(Kernels.advice());
    return Kernels.best();
  }

  @Override
  public StepMemory memory(
      Dimensions dimensions, Method method, int rows, int threads, double active, double kept) {
    requireExact(method);
    return StepMemory.of(dimensions, rows, threads, active, kept);
  }

  @Override
  public Device holding(long bytes) {
    return this;
  }

  @Override
  public SaeInTraining train(Dimensions dimensions, Method method, int rows, int threads) {
    requireExact(method);
    advise(Steps.advice());
    return Steps.best(dimensions, method, threads);
  }

  private static void requireExact(Method method) {
    if (method.precision() != Precision.EXACT) {
      throw TapscopeException.failed(
          "device-precision",
          "The recipe says precision=fast, which only steps on a GPU can be, and this training"
              + " would run on the CPU. Train with precision=exact, or where --device cuda finds a"
              + " GPU that has room; what was begun with precision=fast goes on there alone.");
    }
  }

  private void advise(String advice) {
    if (!advice.isEmpty() && advised.compareAndSet(false, true)) {
      say.accept(advice);
    }
  }

  @Override
  public void close() {
    // What it has made is collected, or closed by whoever has it.
  }
}
