package dev.tapscope.tap;

/**
 * When a hook runs among the hooks of one address. The order is fixed, so that what a reader sees
 * never depends on who attached first.
 */
public enum Phase {
  /** Sees the value the model computed. May not write. */
  READ_BEFORE,
  /** Replaces or edits rows without an SAE. Two replacers of one address are an error. */
  REPLACE,
  /**
   * Edits through an SAE: one splice per SAE; several at one address run in order of attachment.
   */
  SPLICE,
  /** Sees the value the model goes on with. May not write. */
  READ_AFTER;

  public boolean mayWrite() {
    return this == REPLACE || this == SPLICE;
  }
}
