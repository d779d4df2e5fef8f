package dev.tapscope.sae;

import java.util.Arrays;
import java.util.Optional;

/** Layouts in which SAEs are exchanged; all of them are read and written. */
public enum SaeFormat {
  /** {@code params.npz}: arXiv 2408.05147. */
  GEMMA_SCOPE("gemma-scope"),
  /** {@code cfg.json}, {@code sae_weights.safetensors}, {@code sparsity.safetensors}. */
  SAELENS("saelens"),
  /** {@code ae.safetensors}: the state of dictionary_learning's {@code JumpReluAutoEncoder}. */
  DICTIONARY_LEARNING("dictionary-learning");

  private final String word;

  SaeFormat(String word) {
    this.word = word;
  }

  /** Its name on the command line and in metadata. */
  public String word() {
    return word;
  }

  /** The format of this name. */
  public static Optional<SaeFormat> named(String word) {
    return Arrays.stream(values()).filter(format -> format.word.equals(word)).findFirst();
  }

  /** Whether it has a place to say that its numbers leave something to whoever runs it. */
  boolean states(Convention convention) {
    return this == SAELENS || convention.equals(Convention.FOLDED);
  }
}
