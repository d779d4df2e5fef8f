package dev.tapscope.store;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;

/**
 * A run of the model on the documents of one piece.
 *
 * @param folder the run folder
 * @param piece number of the piece
 * @param firstDocument number in the corpus of its first document
 * @param documents how many there are
 * @param documentOfSequence number in the corpus of the document that each sequence of the run
 *     belongs to
 * @param leftOut token ids whose rows are not stored
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
public record PieceRun(
    Path folder,
    int piece,
    long firstDocument,
    int documents,
    long[] documentOfSequence,
    Set<Integer> leftOut) {
  public PieceRun {
    leftOut = Set.copyOf(leftOut);
    long last = firstDocument + documents - 1;
    if (Arrays.stream(documentOfSequence).anyMatch(d -> d < firstDocument || d > last)) {
      throw new IllegalArgumentException("a sequence of another piece's document");
    }
  }
}
