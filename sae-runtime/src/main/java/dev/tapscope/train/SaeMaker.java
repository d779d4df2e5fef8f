package dev.tapscope.train;

import dev.tapscope.step.Dimensions;
import dev.tapscope.step.Method;
import dev.tapscope.step.SaeInTraining;

/** The choice of an implementation of the step. */
@FunctionalInterface
public interface SaeMaker {
  /**
   * @param rows of every batch it will be given
   */
  SaeInTraining make(Dimensions dimensions, Method method, int rows);
}
