package gemma2.math;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * Cuts a range of independent results into {@link Pieces}, and each thread that is free takes the
 * next one: who is held up takes fewer. A result is computed by one thread from start to end, so
 * neither the cut nor the taking ever changes a bit. Nothing is allocated.
 *
 * <p>Waiting threads sleep, but for the time in which they can read what a {@link Pass} comes to
 * next.
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

  /** What comes alone: nothing is expected after it. */
  private final Pass.Step alone = new Pass(this).step(Pass.Source.NOTHING);

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
   * Computes results 0 to {@code count - 1} and returns when all are done. A {@link Pass.Step} does
   * the same for what comes again and again.
   *
   * @param work about how many multiplications one result takes
   * @param setup about how many more are done for every piece, however few results it has
   */
  public <A, B, C> void split(int count, long work, long setup, Part<A, B, C> part, A a, B b, C c) {
    split(alone, count, work, setup, part, a, b, c);
  }

  <A, B, C> void split(
      Pass.Step step, int count, long work, long setup, Part<A, B, C> part, A a, B b, C c) {
    long all = count * work;
    int team = (int) Math.min(Math.min(threads(), count), 1 + all / worthwhile);
    if (team <= 1 || !busy.compareAndSet(false, true)) {
      part.compute(a, b, c, 0, count);
      return;
    }
    try {
      step.pieces().cut(count, team, all, setup, worthwhile);
      share(step, team, part, a, b, c);
    } finally {
      busy.set(false);
    }
  }

  private <A, B, C> void share(Pass.Step step, int team, Part<A, B, C> part, A a, B b, C c) {
    Pieces pieces = step.pieces();
    Pass.Step next = step.come();
    int ahead = next.pieces().end(0);
    try {
      for (int i = 0; i < team - 1; i++) {
        int end = next.pieces().end(ahead);
        others[i].expect(next.source(), ahead, end);
        others[i].start(pieces, part, a, b, c);
        ahead = end;
      }
      compute(pieces, 0, pieces.results(), part, a, b, c);
    } finally {
      // Wait even when a piece failed, or a thread: the others still write into the rows.
      for (int i = 0; i < team - 1; i++) {
        others[i].await(step.own());
      }
    }
    for (int i = 0; i < team - 1; i++) {
      others[i].checkSucceeded();
    }
  }

  /** Piece by piece, from the first on until none begins before {@code end}, or one failed. */
  private static <A, B, C> void compute(
      Pieces pieces, int first, int end, Part<A, B, C> part, A a, B b, C c) {
    try {
      for (int from = first; from < end; from = pieces.take(end)) {
        part.compute(a, b, c, from, pieces.end(from));
      }
    } catch (Throwable e) {
      pieces.stop();
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

    private Pieces pieces;
    private Part<Object, Object, Object> part;
    private Object a;
    private Object b;
    private Object c;
    private Thread caller;
    private Throwable failure;

    /** What to read after it; nothing: what was being read. */
    private Pass.Source source = Pass.Source.NOTHING;

    private int from;
    private int to;

    Worker(int number) {
      thread = Thread.ofPlatform().daemon().name("gemma2-worker-" + number).unstarted(this);
    }

    /** Says what to read once what is asked for next is done. */
    void expect(Pass.Source newSource, int newFrom, int newTo) {
      source = newSource;
      from = newFrom;
      to = newTo;
    }

    @SuppressWarnings("unchecked") // the operands are those of the part
    <A, B, C> void start(Pieces newPieces, Part<A, B, C> newPart, A newA, B newB, C newC) {
      pieces = newPieces;
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
      Reading reading = new Reading();
      while (true) {
        while (state.get() != ASKED || !state.compareAndSet(ASKED, HELPING)) {
          if (!reading.on()) {
            LockSupport.park(this);
            Thread.interrupted(); // or parking would not wait
          }
        }
        if (source != Pass.Source.NOTHING) {
          reading.begin(source, from, to);
        }
        try {
          compute(pieces, pieces.take(pieces.callers()), pieces.callers(), part, a, b, c);
        } catch (Throwable e) {
          failure = e; // told by the caller
        }
        Thread waiting = caller;
        state.set(IDLE);
        LockSupport.unpark(waiting);
      }
    }

    /** Waits until this thread has done its last piece; not at all where it has not begun. */
    void await(Reading meanwhile) {
      boolean interrupted = false;
      if (!state.compareAndSet(ASKED, IDLE)) {
        while (state.get() != IDLE) {
          if (!meanwhile.on()) {
            LockSupport.park(this);
            interrupted |= Thread.interrupted(); // or parking would not wait
          }
        }
      }
      pieces = null;
      part = null;
      a = null;
      b = null;
      c = null;
      caller = null;
      source = Pass.Source.NOTHING;
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
