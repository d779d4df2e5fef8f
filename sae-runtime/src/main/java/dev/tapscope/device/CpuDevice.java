package dev.tapscope.device;

import dev.tapscope.kernel.Kernels;
import dev.tapscope.kernel.SaeKernels;
import dev.tapscope.kernel.SaeWeights;
import dev.tapscope.step.Dimensions;
import dev.tapscope.step.Method;
import dev.tapscope.step.SaeInTraining;
import dev.tapscope.step.StepMemory;
import dev.tapscope.step.Steps;
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
    return StepMemory.of(dimensions, rows, threads, active, kept);
  }

  @Override
  public Device holding(long bytes) {
    return this;
  }

  @Override
  public SaeInTraining train(Dimensions dimensions, Method method, int rows, int threads) {
    advise(Steps.advice());
    return Steps.best(dimensions, method, threads);
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
