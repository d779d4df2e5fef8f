package gemma2.text;

/**
 * One entry of a vocabulary.
 *
 * @param text its text as the file has it: a space is written ▁
 */
record Piece(String text, Type type) {

  enum Type {
    /** Comes about by merging characters. */
    NORMAL,
    /** Stands for text the vocabulary has no other piece for. */
    UNKNOWN,
    /** Never comes from text: beginning and end of a sequence, padding. */
    CONTROL,
    /** Taken from text whole, before anything is merged. */
    USER_DEFINED,
    /** One byte, written {@code <0x0A>}, of text the vocabulary has no other piece for. */
    BYTE;

    /** Whether merging may produce such a piece from text. */
    boolean fromText() {
      return switch (this) {
        case NORMAL, USER_DEFINED -> true;
        case UNKNOWN, CONTROL, BYTE -> false;
      };
    }
  }
}
