package dev.tapscope.tap;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;

/**
 * One observed stretch of a model's life: the hooks on its sites, its passes, its ledger and its
 * run folder. Hooks belong to a run, not to the process: each pass of a model belongs to exactly
 * one run, that of the thread it begins on ({@link Taps#open}), else the agent's own.
 *
 * <pre>{@code
 * try (Run run = Taps.open()) {
 *   run.on("res.3", Phase.REPLACE, a -> a.write(0, edited));
 *   model.generate(prompt);
 * }
 * }</pre>
 *
 * <p>A value computed on a worker thread belongs to the pass whose cache object the site names
 * ({@code cache} in the profile), else to the pass under way, if there is only one in the JVM;
 * where neither tells, it is an error of every run that has a hook there, never a guess. Hooks may
 * so be called on several threads at once, where the model computes a site on several.
 *
 * <p>Inside a hook the taps are off, so that a hook can use the model's own classes; a run opened
 * inside a hook has its own passes.
 *
 * <p>Thread-safe. Hooks attached while a pass is under way take part from the next fire on.
 */
public interface Run extends AutoCloseable {
  /**
   * Attaches a hook to every address the selection matches.
   *
   * @param sites an address as in the contract: {@code res.3}, {@code att.0-5}, {@code mlp.*},
   *     {@code logits}, an alias, or several joined by {@code +}
   * @throws TapscopeException {@code site-unknown} when the profile has no such site; {@code
   *     site-layered} when a layer is missing or given to a site that has none; {@code
   *     replace-twice} when a second replacer of equal priority meets the first
   * @throws IllegalStateException when the run is closed
   */
  default Attachment on(String sites, Phase phase, Hook hook) {
    return on(sites, phase, 0, hook);
  }

  /**
   * Attaches a hook with a place of its own within its phase: hooks run by phase, then by priority,
   * the lowest first, then as attached. Two replacers of one address need different priorities.
   */
  Attachment on(String sites, Phase phase, int priority, Hook hook);

  /**
   * Attaches a reader of values ({@link Phase#READ_AFTER}) that need not come: nothing is expected
   * of its sites on its account.
   */
  Attachment watch(String sites, Hook hook);

  /**
   * Leaves out the calls at a site {@code around call}: the hook is called in place of the method,
   * with rows in the form of its result, which it may write. They begin as a copy of the argument
   * the profile names ({@code value return like call arg 0}), so a hook that writes nothing makes
   * the block pass its input on; a method that writes into an argument ({@code value call arg 0})
   * leaves it as it is. Sites of the layer that do not fire in such a pass are not missed.
   *
   * @throws TapscopeException {@code site-not-around} when a site is of another kind; {@code
   *     skip-twice} when an address is skipped already
   */
  Attachment skip(String sites, Hook hook);

  /**
   * Attaches SAEs and edits, in the words of the agent's options and of the command line:
   *
   * <pre>{@code
   * run.edit(Map.of("l9", "res.3 sae/layer_3/width_16k/average_l0_82"), "steer l9/76 1.25x @prompt");
   * run.edit(Map.of(), "patch res.4 @last from france#0@last");
   * }</pre>
   *
   * <p>Needs the SAE runtime, and so Java 25. Edits of one SAE belong into one call: they share one
   * encoding, and their differences add up.
   *
   * @param saes by name: {@code ADDRESS PATH}, or {@code INPUT>OUTPUT PATH} for a transcoder
   * @param edits each as after {@code edit.N=}
   * @throws TapscopeException what the same options of the agent would end with
   */
  void edit(Map<String, String> saes, String... edits);

  /** What happens when a hook throws; see {@link FailurePolicy} for the default. */
  void onFailure(FailurePolicy policy);

  /**
   * Ends each pass that begins from now on as soon as everything asked for has been seen whole: the
   * rest of the forward is not computed. Only inside {@link #call}, which takes the model's
   * unwinding for what it is.
   */
  void stopWhenSeen();

  /**
   * Runs the model in this run, on the calling thread.
   *
   * @return what it returned; empty when it was ended early on request ({@link #stopWhenSeen})
   * @throws Exception whatever the model throws
   */
  <T> Optional<T> call(Callable<T> model) throws Exception;

  /** The forward pass as a loop over its values at some sites; see {@link Steps}. */
  <T> Steps<T> steps(String sites, Callable<T> model);

  /** How often each address with a hook has fired, in all passes that have ended so far. */
  Map<Address, Long> fires();

  /** Called on the model's thread when a pass begins, before any of its sites fires. */
  void onPassBegin(Consumer<Pass> listener);

  /** Called on the model's thread when a pass has ended normally, after its last site fired. */
  void onPassEnd(Consumer<Pass> listener);

  /** Called once, before the run folder is closed; output may still be written. */
  void onClose(Runnable listener);

  /** Text of a token as the model's own decoder gives it, or {@code #id} when none is known. */
  String text(int token);

  /** Where the run writes. A run opened in Java has no folder. */
  RunFolder folder();

  /**
   * Ends the run: takes its hooks off, waits for those that are running, and settles its account.
   *
   * @throws TapscopeException when a hook failed, or something asked for did not fire as often as
   *     it must; the first problem's id, and the sentences of all. Nothing is thrown a second time
   */
  @Override
  void close();
}
