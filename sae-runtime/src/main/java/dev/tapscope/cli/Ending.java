package dev.tapscope.cli;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CountDownLatch;

/**
 * What is still to be done when the process is ended from outside: latest first, so that a model is
 * closed before the folder it writes to is deleted. Before all of that, work under way is told to
 * stop. Thread-safe.
 */
final class Ending {
  private static final Deque<Runnable> ACTIONS = new ArrayDeque<>();
  private static final Deque<Runnable> STOPS = new ArrayDeque<>();

  static {
    Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(Ending::runAll));
  }

  private Ending() {}

  static void add(Runnable action) {
    synchronized (ACTIONS) {
      ACTIONS.push(action);
    }
  }

  /** Adds an action that comes before those of {@link #add}, whenever they are added. */
  static void addStop(Runnable action) {
    synchronized (ACTIONS) {
      STOPS.push(action);
    }
  }

  /**
   * Takes an action back, to be done in the ordinary way; false when the process is being ended and
   * the action has begun, so that nobody does it twice.
   */
  static boolean remove(Runnable action) {
    synchronized (ACTIONS) {
      return STOPS.remove(action) || ACTIONS.remove(action);
    }
  }

  /** Waits for the end of the process, which others are bringing about. Does not return. */
  static void await() throws InterruptedException {
    new CountDownLatch(1).await();
  }

  private static void runAll() {
    while (true) {
      Runnable action;
      synchronized (ACTIONS) {
        Deque<Runnable> next = STOPS.isEmpty() ? ACTIONS : STOPS;
        if (next.isEmpty()) {
          return;
        }
        action = next.pop();
      }
      action.run();
    }
  }
}
