package dev.tapscope.bench;

/**
 * A model and something to compute with it, again and again. Implementations live in the package
 * {@code work}, which each variant loads anew together with the model.
 */
public interface Work {
  /** Gets ready for the passes from the first on. */
  void begin();

  /** Passes in one repetition. */
  int passes();

  /** Computes a pass; they are asked for in order. */
  void pass(int index);

  /** Tidies up after the last pass. */
  default void end() {}
}
