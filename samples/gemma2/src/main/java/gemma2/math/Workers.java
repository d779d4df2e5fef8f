package gemma2.math;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * Cuts a range of independent results into contiguous pieces, and each thread that is free takes
 * the next one: who is held up takes fewer. A result is computed by one thread from start to end,
 * so neither the cut nor the taking ever changes a bit. Waiting threads sleep, and nothing is
 * allocated.
 *
 * <p>Pieces are shares of what is left, so they begin large and end small: the threads end almost
 * together, having begun anew seldom. The last small ones are left to the calling thread, which by
 * then finds the others done: to fall asleep and be woken would take it longer.
 *
 * <p>Any number of threads may call; while one of them has the others' help, the rest compute
 * alone.
 */
public final class Workers {

  /** Below this many multiplications a thread costs more to wake than it saves. */
  private static final long WORTHWHILE = 1L << 20;

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

  private final long worthwhile;
  private final Worker[] others;
  private final AtomicBoolean busy = new AtomicBoolean();

  /** The result that the next piece begins with. */
  private final AtomicInteger next = new AtomicInteger();

  /** What cuts the pieces; published by starting the others. */
  private int results;

  private int least;
  private int shares;

  /** From here on no other thread than the caller takes a piece. */
  private int callers;

  /** The calling thread and {@code threads - 1} daemon threads beside it. */
  public Workers(int threads) {
    this(threads, WORTHWHILE);
  }

  /**
   * Workers with their own idea of what is worth waking a thread for.
   *
   * @param worthwhile multiplications that a thread must have to do
   */
  public Workers(int threads, long worthwhile) {
    if (threads < 1) {
      throw new IllegalArgumentException("At least one thread is needed, not " + threads + ".");
    }
    this.worthwhile = worthwhile;
    this.others = new Worker[threads - 1];
    for (int i = 0; i < others.length; i++) {
      others[i] = new Worker(i + 1);
    }
  }

  /** How many threads take part, the caller's included. */
  public int threads() {
    return others.length + 1;
  }

  /**
   * Results {@code from} to {@code to - 1} of a computation over three values, a piece of them. One
   * that captures nothing, or only what never changes, is made once and costs nothing to start.
   */
  @FunctionalInterface
  public interface Part<A, B, C> {
    void compute(A a, B b, C c, int from, int to);
  }

  /**
   * Computes results 0 to {@code count - 1} and returns when all are done.
   *
   * @param work about how many multiplications one result takes
   */
  public <A, B, C> void split(int count, long work, Part<A, B, C> part, A a, B b, C c) {
    split(count, work, 0, part, a, b, c);
  }

  /**
   * Computes results 0 to {@code count - 1} and returns when all are done.
   *
   * @param work about how many multiplications one result takes
   * @param setup about how many more are done for every piece, however few results it has
   */
  public <A, B, C> void split(int count, long work, long setup, Part<A, B, C> part, A a, B b, C c) {
    long all = count * work;
    int team = (int) Math.min(Math.min(threads(), count), 1 + all / worthwhile);
    if (team <= 1 || !busy.compareAndSet(false, true)) {
      part.compute(a, b, c, 0, count);
      return;
    }
    try {
      cut(count, team, all, setup);
      try {
        for (int i = 0; i < team - 1; i++) {
          others[i].start(part, a, b, c);
        }
        computePieces(part, a, b, c, results);
      } finally {
        // Wait even when a piece failed, or a thread: the others still write into the rows.
        for (int i = 0; i < team - 1; i++) {
          others[i].await();
        }
      }
      for (int i = 0; i < team - 1; i++) {
        others[i].checkSucceeded();
      }
    } finally {
      busy.set(false);
    }
  }

  /** How pieces are cut does not depend on who takes them. */
  private void cut(int count, int team, long all, long setup) {
    long most = Math.min(SOONER * all / worthwhile, setup == 0 ? count : all / (SETUPS * setup));
    results = count;
    least = Math.ceilDiv(count, (int) Math.clamp(most, team, count));
    shares = SHARES * team;
    int last = CALLERS * least;
    callers = (long) MUCH * team * last <= count ? count - last : count;
    next.set(0);
  }

  /** Piece by piece, until none begins before {@code end}; after a failure none is taken. */
  private <A, B, C> void computePieces(Part<A, B, C> part, A a, B b, C c, int end) {
    int count = results;
    try {
      for (int from = next.get(); from < end; from = next.get()) {
        int to = Math.min(count, from + Math.max(least, (count - from) / shares));
        if (next.compareAndSet(from, to)) {
          part.compute(a, b, c, from, to);
        }
      }
    } catch (Throwable e) {
      next.set(count);
      throw e;
    }
  }

  /** One of the other threads, and what it has been asked to help with. */
  private final class Worker implements Runnable {

    private static final int IDLE = 0;
    private static final int ASKED = 1;
    private static final int HELPING = 2;

    private final Thread thread;

    /** Publishes the fields below: the caller's to this thread, then the outcome to the caller. */
    private final AtomicInteger state = new AtomicInteger(IDLE);

    private Part<Object, Object, Object> part;
    private Object a;
    private Object b;
    private Object c;
    private Thread caller;
    private Throwable failure;

    Worker(int number) {
      thread = Thread.ofPlatform().daemon().name("gemma2-worker-" + number).unstarted(this);
    }

    @SuppressWarnings("unchecked") // the operands are those of the part
    <A, B, C> void start(Part<A, B, C> newPart, A newA, B newB, C newC) {
      part = (Part<Object, Object, Object>) newPart;
      a = newA;
      b = newB;
      c = newC;
      caller = Thread.currentThread();
      failure = null;
      state.set(ASKED);
      if (thread.getState() == Thread.State.NEW) {
        thread.start(); // no sooner than needed: with one thread, or small work, never
      } else {
        LockSupport.unpark(thread);
      }
    }

    @Override
    public void run() {
      while (true) {
        while (!state.compareAndSet(ASKED, HELPING)) {
          LockSupport.park(this);
          Thread.interrupted(); // or parking would not wait
        }
        try {
          computePieces(part, a, b, c, callers);
        } catch (Throwable e) {
          failure = e; // told by the caller
        }
        Thread waiting = caller;
        state.set(IDLE);
        LockSupport.unpark(waiting);
      }
    }

    /** Waits until this thread has done its last piece; not at all where it has not begun. */
    void await() {
      boolean interrupted = false;
      if (!state.compareAndSet(ASKED, IDLE)) {
        while (state.get() != IDLE) {
          LockSupport.park(this);
          interrupted |= Thread.interrupted(); // or parking would not wait
        }
      }
      part = null;
      a = null;
      b = null;
      c = null;
      caller = null;
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }

    void checkSucceeded() {
      if (failure instanceof Error error) {
        throw error; // out of memory is the same on every thread
      }
      if (failure != null) {
        throw new IllegalStateException("A worker thread failed: " + failure, failure);
      }
    }
  }
}
