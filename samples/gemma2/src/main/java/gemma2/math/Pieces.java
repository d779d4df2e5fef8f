package gemma2.math;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * A range of results cut into contiguous pieces, which threads take one after the other. Pieces are
 * shares of what is left, so they begin large and end small: the threads end almost together,
 * having begun anew seldom. The last small ones are left to the calling thread, which by then finds
 * the others done: to fall asleep and be woken would take it longer.
 */
final class Pieces {

  /** Shares of what is left that there are for each thread; a piece is one of them. */
  private static final int SHARES = 2;

  /**
   * How many least pieces are the calling thread's: with one, it would often be done before the
   * piece that another thread took last.
   */
  private static final int CALLERS = 2;

  /** How many times that much there must be for each thread: the others idle meanwhile. */
  private static final int MUCH = 4;

  /** Taking a piece wakes nobody: it is worth it this much sooner than a thread is. */
  private static final int SOONER = 8;

  /** How much more work than what goes before it a piece has. */
  private static final int SETUPS = 64;

  /** The result that the next piece begins with. */
  private final AtomicInteger next = new AtomicInteger();

  private int results;
  private int least;
  private int shares;
  private int callers;

  /**
   * Cuts anew; how does not depend on who takes the pieces. The first one is the calling thread's.
   *
   * @param team threads that take pieces
   * @param all about how many multiplications all results take
   * @param setup about how many more a piece takes
   * @param worthwhile multiplications for which a thread is worth waking
   */
  void cut(int count, int team, long all, long setup, long worthwhile) {
    long most = Math.min(SOONER * all / worthwhile, setup == 0 ? count : all / (SETUPS * setup));
    results = count;
    least = Math.ceilDiv(count, (int) Math.clamp(most, team, count));
    shares = SHARES * team;
    int last = CALLERS * least;
    callers = (long) MUCH * team * last <= count ? count - last : count;
    next.set(end(0));
  }

  /** How many results there are. */
  int results() {
    return results;
  }

  /** From here on no other thread than the calling one takes a piece. */
  int callers() {
    return callers;
  }

  /** Where a piece ends that begins with result {@code from}. */
  int end(int from) {
    return Math.min(results, from + Math.max(least, (results - from) / shares));
  }

  /**
   * The beginning of a piece that is the caller's now; {@code end} where none before it is left.
   */
  int take(int end) {
    for (int from = next.get(); from < end; from = next.get()) {
      if (next.compareAndSet(from, end(from))) {
        return from;
      }
    }
    return end;
  }

  /** Takes away what is left. */
  void stop() {
    next.set(results);
  }
}
