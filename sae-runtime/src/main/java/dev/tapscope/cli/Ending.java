package dev.tapscope.cli;

import java.util.ArrayDeque;
import java.util.Deque;

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

  /** Takes back what has been done in the ordinary way. */
  static void remove(Runnable action) {
    synchronized (ACTIONS) {
      ACTIONS.remove(action);
    }
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
