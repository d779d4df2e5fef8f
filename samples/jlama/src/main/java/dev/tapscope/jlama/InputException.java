package dev.tapscope.jlama;

/** A model or a prompt cannot be used; the message says why and what to do. */
final class InputException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String id;

  InputException(String id, String sentence) {
    super(sentence);
    this.id = id;
  }

  InputException(String id, String sentence, Throwable cause) {
    super(sentence, cause);
    this.id = id;
  }

  /** Short stable name of the error. */
  String id() {
    return id;
  }
}
