package dev.tapscope.tap;

import java.util.Map;

/**
 * Something that works on a run's taps and lives in a class loader of its own: found by {@link
 * java.util.ServiceLoader} in the runtime jar, which may need a newer Java than the agent.
 */
public interface Extension {
  /**
   * Called once, before the model's {@code main}.
   *
   * @param options the agent options the agent itself does not use ({@code sae.NAME}, {@code
   *     edit.N}, {@code device}), in this order: numbered keys by number, others as written
   * @throws TapscopeException when an option cannot be followed
   */
  void install(Run run, Map<String, String> options);
}
