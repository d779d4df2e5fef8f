package dev.tapscope.step;

import java.util.List;

/**
 * A JumpReLU SAE or transcoder in training:
 *
 * <pre>{@code
 * z = (x - b_dec) @ W_enc + b_enc;  f = z where z > threshold, else 0;  xhat = f @ W_dec + b_dec
 * loss = mean over rows of ||y - xhat||^2 + coefficient * sparsity
 * }</pre>
 *
 * <p>Made with all arrays zero; whoever makes it fills in where it begins, through {@link #state}.
 * Used by one thread at a time. The bits of its parameters depend on the state and the batches
 * alone: not on the number of threads, nor on how long the JVM has been running.
 */
public interface SaeInTraining extends AutoCloseable {
  Dimensions dimensions();

  Method method();

  /**
   * Takes one step.
   *
   * @throws IllegalArgumentException when the batch does not have the SAE's widths
   * @throws ArithmeticException when a value of the batch or the loss is not finite; the state is
   *     then as it was before
   */
  StepReport step(Batch batch, Rates rates);

  /**
   * Begins a step, which has to be finished before anything else is asked of this SAE. Takes it at
   * once where it is computed by this JVM.
   *
   * @throws IllegalArgumentException as {@link #step}, or when another batch was expected
   * @throws ArithmeticException as {@link #step}
   */
  default BegunStep begin(Batch batch, Rates rates) {
    return BegunStep.taken(step(batch, rates));
  }

  /**
   * Everything the next step depends on, by names that are the same for every implementation. Views
   * are good until the next step.
   */
  List<StateArray> state();

  /** Gives the memory back. */
  @Override
  void close();
}
