package dev.tapscope.ledger;

import dev.tapscope.tap.TapscopeException;

/**
 * Something that makes a run fail its check.
 *
 * @param id short stable name, {@code site-never-fired}
 * @param exit exit code the JVM ends with
 * @param sentence what was wanted, what was found, what to do
 */
public record Problem(String id, int exit, String sentence) {
  /** A check that did not hold. */
  public static Problem check(String id, String sentence) {
    return new Problem(id, TapscopeException.CHECK, sentence);
  }

  /** Something that went wrong while the run went on. */
  public static Problem failed(String id, String sentence) {
    return new Problem(id, TapscopeException.FAILED, sentence);
  }

  public static Problem of(TapscopeException e) {
    return new Problem(e.id(), e.exit(), e.getMessage());
  }

  /** The line a user sees. */
  public String line() {
    return "tapscope: [" + id + "] " + sentence;
  }

  /** The line a user sees who has asked for leniency. */
  public String warning() {
    return "tapscope: warning: [" + id + "] " + sentence;
  }
}
