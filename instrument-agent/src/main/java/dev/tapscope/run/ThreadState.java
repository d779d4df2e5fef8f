package dev.tapscope.run;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedDeque;

/** What is known of one model thread. Only {@link #runs} and {@link #working} concern others. */
final class ThreadState {
  private static final VarHandle WORKING;

  static {
    try {
      WORKING = MethodHandles.lookup().findVarHandle(ThreadState.class, "working", TapRun.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** Calls of the method that carries the tokens, the innermost first. */
  final Deque<PassScope> scopes = new ArrayDeque<>();

  /** Runs opened on this thread and not yet closed, the innermost first. */
  final Deque<TapRun> runs = new ConcurrentLinkedDeque<>();

  final Sampled sampled = new Sampled();

  /** Whether the model is asked something that is no part of its passes. */
  boolean off;

  /** The run whose code is running, so that closing it can wait; null while there is none. */
  volatile TapRun working;

  /**
   * Whether taps that fire now pass through: a run's own code is running, and it has not opened a
   * run, whose passes are to be seen while those of the outer run are not.
   */
  boolean muted() {
    return off || working != null && !insideOpened(working);
  }

  private boolean insideOpened(TapRun outer) {
    TapRun own = runs.peekFirst();
    return own != null && own.openedIn(outer);
  }

  /** Back to what was working before; whoever waits for it may see that a little later. */
  void leave(TapRun before) {
    WORKING.setRelease(this, before);
  }

  Optional<PassScope> scope() {
    return Optional.ofNullable(scopes.peekFirst());
  }
}
