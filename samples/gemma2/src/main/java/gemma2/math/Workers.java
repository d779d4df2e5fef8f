package gemma2.math;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * Cuts a range of independent results into one contiguous part per thread. A result is computed by
 * one thread from start to end, so the cut never changes a bit. Waiting threads sleep, and nothing
 * is allocated.
 *
 * <p>Any number of threads may call; while one of them has the others' help, the rest compute
 * alone.
 */
public final class Workers {

  /** Below this many multiplications a thread costs more to wake than it saves. */
  private static final long WORTHWHILE = 1L << 20;

  private final long worthwhile;
  private final Worker[] others;
  private final AtomicBoolean busy = new AtomicBoolean();

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
   * Results {@code from} to {@code to - 1} of a computation over three values. One that captures
   * nothing, or only what never changes, is made once and costs nothing to start.
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
    int parts = (int) Math.min(Math.min(threads(), count), 1 + count * work / worthwhile);
    if (parts <= 1 || !busy.compareAndSet(false, true)) {
      part.compute(a, b, c, 0, count);
      return;
    }
    try {
      for (int p = 1; p < parts; p++) {
        others[p - 1].start(part, a, b, c, bound(count, p, parts), bound(count, p + 1, parts));
      }
      try {
        part.compute(a, b, c, 0, bound(count, 1, parts));
      } finally {
        // Wait even when a part failed: the others still write into the rows.
        for (int p = 1; p < parts; p++) {
          others[p - 1].await();
        }
      }
      for (int p = 1; p < parts; p++) {
        others[p - 1].checkSucceeded();
      }
    } finally {
      busy.set(false);
    }
  }

  private static int bound(int count, int part, int parts) {
    return (int) ((long) count * part / parts);
  }

  /** One of the other threads, and the part it has been given. */
  private static final class Worker implements Runnable {

    private static final int IDLE = 0;
    private static final int GIVEN = 1;

    private final Thread thread;

    /** Publishes the fields below: the caller's to this thread, then the outcome to the caller. */
    private final AtomicInteger state = new AtomicInteger(IDLE);

    private Part<Object, Object, Object> part;
    private Object a;
    private Object b;
    private Object c;
    private int from;
    private int to;
    private Thread caller;
    private Throwable failure;

    Worker(int number) {
      thread = Thread.ofPlatform().daemon().name("gemma2-worker-" + number).unstarted(this);
    }

    @SuppressWarnings("unchecked") // the operands are those of the part
    <A, B, C> void start(Part<A, B, C> newPart, A newA, B newB, C newC, int newFrom, int newTo) {
      part = (Part<Object, Object, Object>) newPart;
      a = newA;
      b = newB;
      c = newC;
      from = newFrom;
      to = newTo;
      caller = Thread.currentThread();
      failure = null;
      state.set(GIVEN);
      if (thread.getState() == Thread.State.NEW) {
        thread.start(); // no sooner than needed: with one thread, or small work, never
      } else {
        LockSupport.unpark(thread);
      }
    }

    @Override
    public void run() {
      while (true) {
        while (state.get() == IDLE) {
          LockSupport.park(this);
          Thread.interrupted(); // or parking would not wait
        }
        try {
          part.compute(a, b, c, from, to);
        } catch (Throwable e) {
          failure = e; // told by the caller
        }
        Thread waiting = caller;
        part = null;
        a = null;
        b = null;
        c = null;
        caller = null;
        state.set(IDLE);
        LockSupport.unpark(waiting);
      }
    }

    /** Waits for the end of the part. */
    void await() {
      boolean interrupted = false;
      while (state.get() != IDLE) {
        LockSupport.park(this);
        interrupted |= Thread.interrupted(); // or parking would not wait
      }
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
