package gemma2.io;

/**
 * Something given to the program cannot be used. The message is for the person who gave it: what
 * was wanted, what was found, what to do.
 */
public final class InputException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String id;

  /**
   * @param id short stable name of the error, {@code prompt-empty}
   */
  public InputException(String id, String message) {
    super(message);
    this.id = id;
  }

  /** The same, with what it comes from. */
  public InputException(String id, String message, Throwable cause) {
    super(message, cause);
    this.id = id;
  }

  /** Short stable name of the error. */
  public String id() {
    return id;
  }
}
