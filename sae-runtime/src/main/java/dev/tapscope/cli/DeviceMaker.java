package dev.tapscope.cli;

import dev.tapscope.device.Device;
import dev.tapscope.kernel.SaeKernels;
import dev.tapscope.kernel.SaeWeights;
import dev.tapscope.step.Dimensions;
import dev.tapscope.step.Method;
import dev.tapscope.step.SaeInTraining;
import dev.tapscope.step.StepMemory;
import dev.tapscope.train.FirstDensity;
import dev.tapscope.train.Recipe;
import dev.tapscope.train.SaeMaker;

/**
 * Makes SAEs that are trained on a device.
 *
 * @param threads of the CPU that take part
 */
record DeviceMaker(Device chosen, int threads) implements SaeMaker {
  @Override
  public SaeInTraining make(Dimensions dimensions, Method method, int rows) {
    return chosen.train(dimensions, method, rows, threads);
  }

  @Override
  public String device() {
    return chosen.model();
  }

  @Override
  public SaeKernels kernels(SaeWeights weights) {
    return chosen.kernels(weights);
  }

  /** What steps of an SAE take. */
  StepMemory memory(Recipe recipe, int inputs, int outputs, int batch, FirstDensity density) {
    return chosen.memory(
        new Dimensions(inputs, recipe.width(), outputs),
        recipe.method(),
        batch,
        threads,
        density.active(),
        density.kept());
  }

  /**
   * The same, or another where the device has too little memory.
   *
   * @param card bytes of a GPU's memory that a training needs
   */
  DeviceMaker holding(long card) {
    return new DeviceMaker(chosen.holding(card), threads);
  }
}
