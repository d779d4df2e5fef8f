package gemma2.io;

/**
 * Something given to the program cannot be used. The message is for the person who gave it: what
 * was wanted, what was found, what to do.
 */
public final class InputException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public InputException(String message) {
    super(message);
  }

  public InputException(String message, Throwable cause) {
    super(message, cause);
  }
}
