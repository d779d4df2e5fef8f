package dev.tapscope.store;

/**
 * A file of a store.
 *
 * @param piece its number in the corpus
 * @param file its name
 * @param firstDocument number in the corpus of the first document in it, from 0
 * @param positions what the model computed for them, all tokens
 * @param rows what is stored of it
 */
public record StoredPiece(
    int piece,
    String file,
    long firstDocument,
    int documents,
    long positions,
    long rows,
    long bytes,
    String sha256) {
  static String fileName(int piece) {
    return "piece-%05d.safetensors".formatted(piece);
  }
}
