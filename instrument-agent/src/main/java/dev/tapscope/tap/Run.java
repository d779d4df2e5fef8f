package dev.tapscope.tap;

import java.util.function.Consumer;

/**
 * One observed stretch of a model's life: the hooks on its sites, its passes, its ledger and its
 * run folder. Hooks belong to a run, not to the process.
 *
 * <p>Thread-safe. Hooks attached while a pass is under way take part from the next fire on.
 */
public interface Run {
  /**
   * Attaches a hook to every address the selection matches.
   *
   * @param sites an address as in the contract: {@code res.3}, {@code att.0-5}, {@code mlp.*},
   *     {@code logits}, an alias, or several joined by {@code +}
   * @throws TapscopeException {@code site-unknown} when the profile has no such site; {@code
   *     site-layered} when a layer is missing or given to a site that has none; {@code
   *     replace-twice} when a second replacer meets the first
   */
  void on(String sites, Phase phase, Hook hook);

  /** Called on the model's thread when a pass begins, before any of its sites fires. */
  void onPassBegin(Consumer<Pass> listener);

  /** Called on the model's thread when a pass has ended normally, after its last site fired. */
  void onPassEnd(Consumer<Pass> listener);

  /** Called once, before the run folder is closed; output may still be written. */
  void onClose(Runnable listener);

  /** Text of a token as the model's own decoder gives it, or {@code #id} when none is known. */
  String text(int token);

  /** Where the run writes. */
  RunFolder folder();
}
