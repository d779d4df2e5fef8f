package dev.tapscope.step;

/**
 * A step that has been begun, on a batch that is not needed any more: its buffers may be used
 * again. Where it is still computed elsewhere, this thread has time for what follows.
 */
public interface BegunStep {
  /** Whether it is computed elsewhere, meanwhile. */
  boolean running();

  /**
   * Hands over the batch of the SAE's next step, so that its way to where it is needed takes no
   * time of that step. The next step has to be of this very batch.
   *
   * @param next borrowed; its rows are not needed any more when this returns
   * @throws IllegalArgumentException when the batch does not have the SAE's widths
   */
  void expect(Batch next);

  /**
   * Waits for the step.
   *
   * @throws ArithmeticException as {@link SaeInTraining#step}
   */
  StepReport finish();

  /** One that has been taken already. */
  static BegunStep taken(StepReport report) {
    return new BegunStep() {
      @Override
      public boolean running() {
        return false;
      }

      @Override
      public void expect(Batch next) {
        // The step that follows is given it, and is computed here.
      }

      @Override
      public StepReport finish() {
        return report;
      }
    };
  }
}
