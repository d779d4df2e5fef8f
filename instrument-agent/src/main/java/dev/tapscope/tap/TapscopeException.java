package dev.tapscope.tap;

/**
 * A run cannot go on as asked. The message is a full sentence for the user: what was wanted, what
 * was found, what to do. It is printed as {@code tapscope: [id] sentence}.
 */
public final class TapscopeException extends RuntimeException {
  /** Exit code of a run that failed. */
  public static final int FAILED = 1;

  /** Exit code of a command or option that could not be understood. */
  public static final int USAGE = 2;

  /** Exit code of a check that did not hold: a misfit, a site that never fired. */
  public static final int CHECK = 3;

  private final String id;
  private final int exit;

  private TapscopeException(String id, int exit, String sentence, Throwable cause) {
    super(sentence, cause);
    this.id = id;
    this.exit = exit;
  }

  public static TapscopeException failed(String id, String sentence) {
    return new TapscopeException(id, FAILED, sentence, null);
  }

  public static TapscopeException failed(String id, String sentence, Throwable cause) {
    return new TapscopeException(id, FAILED, sentence, cause);
  }

  public static TapscopeException usage(String id, String sentence) {
    return new TapscopeException(id, USAGE, sentence, null);
  }

  public static TapscopeException check(String id, String sentence) {
    return new TapscopeException(id, CHECK, sentence, null);
  }

  /** Short stable name of the error, {@code site-unknown}. */
  public String id() {
    return id;
  }

  /** Process exit code: {@link #FAILED}, {@link #USAGE} or {@link #CHECK}. */
  public int exit() {
    return exit;
  }

  /** The line a user sees. */
  public String line() {
    return "tapscope: [" + id + "] " + getMessage();
  }
}
