package dev.tapscope.sae;

import java.util.Arrays;
import java.util.Optional;

/** Layouts in which SAEs are exchanged; all of them are read and written. */
public enum SaeFormat {
  /** {@code params.npz}: arXiv 2408.05147. */
  GEMMA_SCOPE("gemma-scope", GemmaScopeFormat.FILE),
  /** {@code cfg.json}, {@code sae_weights.safetensors}, {@code sparsity.safetensors}. */
  SAELENS("saelens", SaeLensFormat.WEIGHTS),
  /** {@code ae.safetensors}: the state of dictionary_learning's {@code JumpReluAutoEncoder}. */
  DICTIONARY_LEARNING("dictionary-learning", DictionaryLearningFormat.FILE);

  private final String word;
  private final String file;

  SaeFormat(String word, String file) {
    this.word = word;
    this.file = file;
  }

  /** Its name on the command line and in metadata. */
  public String word() {
    return word;
  }

  /** The file of a folder that holds the weights. */
  public String file() {
    return file;
  }

  /** The format of this name. */
  public static Optional<SaeFormat> named(String word) {
    return Arrays.stream(values()).filter(format -> format.word.equals(word)).findFirst();
  }

  /**
   * Whether it has a place to say what its numbers leave to whoever runs it. SAELens states one
   * scale, for the rows that come in and those that go out.
   */
  boolean states(Convention convention) {
    return convention.equals(Convention.FOLDED)
        || (this == SAELENS && convention.inputScale() == convention.outputScale());
  }
}
