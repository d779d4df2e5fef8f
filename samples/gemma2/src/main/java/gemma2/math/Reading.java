package gemma2.math;

/** What one thread reads while it waits, and how far it has come. */
final class Reading {

  private Pass.Source source = Pass.Source.NOTHING;
  private int from;
  private int to;
  private int step;

  /** Something else is to be read from now on. */
  void begin(Pass.Source newSource, int newFrom, int newTo) {
    source = newSource;
    from = newFrom;
    to = newTo;
    step = 0;
  }

  /** Reads a little, if something is left to read. */
  boolean on() {
    boolean more = readOn();
    if (!more) {
      source = Pass.Source.NOTHING; // which may be all that keeps a model in memory
    }
    return more;
  }

  private boolean readOn() {
    try {
      return source.readAhead(from, to, step++);
    } catch (InternalError e) {
      // A mapped file that has lost its end: told by the computation, which reads the same.
      return false;
    }
  }
}
