package dev.tapscope.run;

import java.util.ArrayDeque;
import java.util.Deque;

/** The ids a thread has sampled lately, each with its number in the thread's life. */
final class Sampled {
  /** More ids than any model samples between two passes of one sequence, beams included. */
  private static final int KEPT = 4096;

  private record Id(long number, int token) {}

  private final Deque<Id> ids = new ArrayDeque<>();
  private long count;

  void add(int token) {
    if (ids.size() == KEPT) {
      ids.removeFirst();
    }
    ids.addLast(new Id(count++, token));
  }

  /** How many ids have been sampled so far. */
  long count() {
    return count;
  }

  /** Whether an id was sampled after the first {@code since} ones. */
  boolean contains(int token, long since) {
    return ids.stream().anyMatch(id -> id.number >= since && id.token == token);
  }
}
