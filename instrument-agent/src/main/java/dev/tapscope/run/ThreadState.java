package dev.tapscope.run;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Deque;
import java.util.concurrent.ConcurrentLinkedDeque;

/** What is known of one model thread. Only {@link #runs} and {@link #working} concern others. */
final class ThreadState {
  private static final VarHandle WORKING;

  static {
    try {
      WORKING = MethodHandles.lookup().findVarHandle(ThreadState.class, "working", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** The innermost running call of the method that carries the tokens; null while there is none. */
  PassScope scope;

  /** Runs opened on this thread and not yet closed, the innermost first. */
  final Deque<TapRun> runs = new ConcurrentLinkedDeque<>();

  final Sampled sampled = new Sampled();

  /** Whether the model is asked something that is no part of its passes. */
  boolean off;

  /** {@link #working} while no run's code is running. */
  static final long NONE = 0;

  /**
   * Number of the run whose code is running, so that closing it can wait. Not the run itself: to
   * store a reference is more work for the collector, at every fire, than to store a number.
   */
  volatile long working = NONE;

  /**
   * Whether taps that fire now pass through: a run's own code is running, and it has not opened a
   * run, whose passes are to be seen while those of the outer run are not.
   */
  boolean muted() {
    return off || working != NONE && !insideOpened(working);
  }

  private boolean insideOpened(long outer) {
    TapRun own = runs.peekFirst();
    return own != null && own.openedIn(outer);
  }

  /** Back to what was working before; whoever waits for it may see that a little later. */
  void leave(long before) {
    WORKING.setRelease(this, before);
  }
}
