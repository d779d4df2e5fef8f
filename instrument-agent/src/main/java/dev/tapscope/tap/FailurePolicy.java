package dev.tapscope.tap;

/**
 * What becomes of the model when a hook throws. Whatever the policy, what the hook had written in
 * that callback is put back, the failure is counted, and the run fails when it closes.
 */
public enum FailurePolicy {
  /**
   * The exception leaves the tap and unwinds the model, wrapped in a {@link TapscopeException} that
   * names the hook's place. The default of runs opened in Java: the caller hears of it at once,
   * from the model's worker threads too, as far as the model itself hands exceptions on.
   */
  RETHROW,
  /** The model goes on with its own value, and so does the hook at the next fire. */
  PASS_THROUGH,
  /** The model goes on with its own value, and the hook is taken off. */
  DETACH_HOOK
}
