package dev.tapscope.store;

import java.util.List;
import java.util.Optional;
import tools.jackson.core.JacksonException;

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

  /** The same of a model and a corpus as they are now. */
  public Asked of(List<HashedFile> newModel, List<CorpusFile> newCorpus) {
    return new Asked(
        capture, dtype, profile, command, newModel, newCorpus, documentsPerPiece, keep, leaveOut);
  }

  /** As one JSON object. */
  public String toJson() {
    return Manifest.MAPPER.writeValueAsString(this);
  }

  /**
   * Reads what {@link #toJson} says.
   *
   * @throws IllegalArgumentException when it is something else
   */
  public static Asked ofJson(String json) {
    try {
      return Manifest.MAPPER.readValue(json, Asked.class);
    } catch (JacksonException e) {
      throw new IllegalArgumentException(e.getOriginalMessage(), e);
    }
  }

  /** The first thing that others ask for differently, {@code dtype is f32 there and bf16 here}. */
  public Optional<String> difference(Asked others) {
    return Manifest.difference(others, this);
  }
}
