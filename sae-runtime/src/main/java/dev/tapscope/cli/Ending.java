package dev.tapscope.cli;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CountDownLatch;

/**
 * What is still to be done when the process is ended from outside: latest first, so that a model is
 * closed before the folder it writes to is deleted. Thread-safe.
 */
final class Ending {
  private static final Deque<Runnable> ACTIONS = new ArrayDeque<>();

  static {
    Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(Ending::runAll));
  }

  private Ending() {}

  static void add(Runnable action) {
    synchronized (ACTIONS) {
      ACTIONS.push(action);
    }
  }

  /**
   * Takes an action back, to be done in the ordinary way; false when the process is being ended and
   * the action has begun, so that nobody does it twice.
   */
  static boolean remove(Runnable action) {
    synchronized (ACTIONS) {
      return ACTIONS.remove(action);
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
        if (ACTIONS.isEmpty()) {
          return;
        }
        action = ACTIONS.pop();
      }
      action.run();
    }
  }
}
