package dev.tapscope.run;

/**
 * Unwinds a model whose pass is not wanted any further. An Error, so that a model's {@code catch
 * (Exception)} lets it through; without a public constructor, because a fork/join pool makes a new
 * exception of a worker's by reflection wherever it finds one, and would lose whose it is.
 */
final class StopForward extends Error {
  private static final long serialVersionUID = 1;

  private final transient TapRun run;

  StopForward(TapRun run) {
    super(
        "The rest of this forward pass is not wanted. Call the model inside Run.call, which takes"
            + " this for an early end.",
        null,
        false,
        false);
    this.run = run;
  }

  /** Whether it was thrown for a run. */
  boolean isOf(TapRun other) {
    return run == other;
  }
}
