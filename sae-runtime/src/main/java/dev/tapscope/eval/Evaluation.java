package dev.tapscope.eval;

import java.util.List;

/**
 * One or more SAEs measured on the same text.
 *
 * @param model the model they belong to
 * @param corpus the text
 * @param documents number of documents
 * @param endAppended whether the model's end token was put after every document
 * @param saes in the order they were asked for
 */
public record Evaluation(
    String model, String corpus, int documents, boolean endAppended, List<SaeEvaluation> saes) {
  /** What every form of it says of what was counted. */
  static final String COUNTED =
      "L0, FVU and densities leave BOS and EOS out; splicing and zeros leave BOS alone; the loss is"
          + " of every token but the first.";

  public Evaluation {
    saes = List.copyOf(saes);
    if (saes.isEmpty()) {
      throw new IllegalArgumentException("an evaluation has at least one SAE");
    }
  }

  /** Tokens that L0, FVU and densities are over. */
  long tokens() {
    return saes.getFirst().score().tokens();
  }
}
