package dev.tapscope.train;

import dev.tapscope.kernel.Kernels;
import dev.tapscope.kernel.SaeKernels;
import dev.tapscope.kernel.SaeWeights;
import dev.tapscope.step.Dimensions;
import dev.tapscope.step.Method;
import dev.tapscope.step.SaeInTraining;

/** The choice of an implementation of the step, and of what runs SAEs between steps. */
@FunctionalInterface
public interface SaeMaker {
  /**
   * @param rows of every batch it will be given
   */
  SaeInTraining make(Dimensions dimensions, Method method, int rows);

  /** Where it trains, as checkpoints tell: other devices go on to other bits. */
  default String device() {
    return Checkpoint.CPU;
  }

  /** What runs an SAE with the weights that one in training has; the CPU unless said otherwise. */
  default SaeKernels kernels(SaeWeights weights) {
    return Kernels.best();
  }
}
