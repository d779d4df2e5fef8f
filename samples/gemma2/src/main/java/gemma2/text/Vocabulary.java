package gemma2.text;

import gemma2.io.InputException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * What a tokenizer file holds, whatever its format: the pieces, what some of them are for, and the
 * order of merges.
 *
 * @param source the file, for errors
 * @param padding the piece that fills up rows of texts; empty where the file names none
 * @param byteFallback whether unknown characters become bytes, rather than the unknown piece
 */
record Vocabulary(
    String source,
    List<Piece> pieces,
    Map<String, Integer> ids,
    int unknown,
    int bos,
    int eos,
    OptionalInt padding,
    boolean byteFallback,
    Merges merges) {

  /** When two neighbours may be merged, and which neighbours first. */
  @FunctionalInterface
  interface Merges {
    /** Stands for "not at all". */
    double NEVER = Double.POSITIVE_INFINITY;

    /** Lower is earlier. */
    double priority(String left, String right);

    /** SentencePiece's order: of the pieces that may come about, the one of the highest score. */
    static Merges byScore(List<Piece> pieces, Map<String, Integer> ids, List<Float> scores) {
      return (left, right) -> {
        Integer merged = ids.get(left + right);
        return merged == null || !pieces.get(merged).type().fromText()
            ? NEVER
            : -scores.get(merged);
      };
    }
  }

  /** Checks the pieces that every text needs. */
  Vocabulary {
    pieces = List.copyOf(pieces);
    ids = Map.copyOf(ids);
    require(source, pieces, unknown, Piece.Type.UNKNOWN, "unknown");
    require(source, pieces, bos, Piece.Type.CONTROL, "beginning-of-sequence");
    require(source, pieces, eos, Piece.Type.CONTROL, "end-of-sequence");
    for (int b = 0; byteFallback && b < 256; b++) {
      String piece = bytePiece(b);
      if (!ids.containsKey(piece)) {
        throw new InputException(
            "tokenizer-piece",
            "%s falls back to bytes, but has no piece %s. Get the file again."
                .formatted(source, piece));
      }
    }
  }

  private static void require(
      String source, List<Piece> pieces, int id, Piece.Type type, String purpose) {
    if (id < 0 || id >= pieces.size() || pieces.get(id).type() != type) {
      throw new InputException(
          "tokenizer-piece",
          "%s has no %s piece: its id %d is %s. Get the file again."
              .formatted(
                  source,
                  purpose,
                  id,
                  id < 0 || id >= pieces.size()
                      ? "not in the vocabulary of " + pieces.size()
                      : "the piece " + pieces.get(id).text()));
    }
  }

  /** Ids by text; a text that stands twice is an error. */
  static Map<String, Integer> index(String source, List<Piece> pieces) {
    Map<String, Integer> ids = new HashMap<>();
    for (int id = 0; id < pieces.size(); id++) {
      Integer before = ids.put(pieces.get(id).text(), id);
      if (before != null) {
        throw new InputException(
            "tokenizer-corrupt",
            "%s has the piece %s twice, as %d and %d. Get the file again."
                .formatted(source, pieces.get(id).text(), before, id));
      }
    }
    return ids;
  }

  /** The piece that stands for a byte. */
  static String bytePiece(int b) {
    return "<0x%02X>".formatted(b);
  }

  /** The id of a piece that merging may produce from text. */
  OptionalInt fromText(String text) {
    Integer id = ids.get(text);
    return id != null && pieces.get(id).type().fromText()
        ? OptionalInt.of(id)
        : OptionalInt.empty();
  }
}
