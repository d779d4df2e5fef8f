package dev.tapscope.store;

import java.util.List;

/**
 * What a store is to hold. Two harvests that ask for the same make the same store.
 *
 * @param capture addresses joined by {@code +}, as they were written
 * @param dtype {@code f32}, {@code bf16} or {@code f16}
 * @param profile name or path, as it was written
 * @param command the words that start the model
 * @param model files of the model folders that the command names
 * @param corpus in the order they are read
 * @param documentsPerPiece how many documents one run of the command computes
 * @param keep kinds of tokens not left out: {@code bos}, {@code eos}, {@code pad}
 * @param leaveOut token ids left out besides
 */
public record Asked(
    String capture,
    String dtype,
    String profile,
    List<String> command,
    List<HashedFile> model,
    List<CorpusFile> corpus,
    int documentsPerPiece,
    List<String> keep,
    List<Integer> leaveOut) {
  public Asked {
    command = List.copyOf(command);
    model = List.copyOf(model);
    corpus = List.copyOf(corpus);
    keep = List.copyOf(keep);
    leaveOut = List.copyOf(leaveOut);
    if (documentsPerPiece < 1) {
      throw new IllegalArgumentException("pieces of %d documents".formatted(documentsPerPiece));
    }
  }

  /**
   * One file of the corpus.
   *
   * @param file its name without folders
   */
  public record CorpusFile(String file, long bytes, String sha256, long documents) {}

  /** Documents of the whole corpus. */
  public long documents() {
    return corpus.stream().mapToLong(CorpusFile::documents).sum();
  }

  /** Pieces of the whole corpus. */
  public int pieces() {
    return Math.toIntExact(Math.ceilDiv(documents(), documentsPerPiece));
  }
}
