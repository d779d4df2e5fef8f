package gemma2.math;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Cuts a range of independent results into one contiguous part per thread. A result is computed by
 * one thread from start to end, so the cut never changes a bit. Waiting threads sleep.
 */
public final class Workers {

  /** Below this many multiplications a thread costs more to wake than it saves. */
  private static final long WORTHWHILE = 1L << 20;

  private final int threads;
  private final long worthwhile;
  private final ExecutorService pool;

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
    this.threads = threads;
    this.worthwhile = worthwhile;
    // The pool starts its threads when first used: with one thread, never.
    this.pool =
        Executors.newFixedThreadPool(
            Math.max(1, threads - 1),
            Thread.ofPlatform().daemon().name("gemma2-worker-", 1).factory());
  }

  /** How many threads take part, the caller's included. */
  public int threads() {
    return threads;
  }

  /** Results {@code from} to {@code to - 1}. */
  @FunctionalInterface
  public interface Part {
    void compute(int from, int to);
  }

  /**
   * Computes results 0 to {@code count - 1} and returns when all are done.
   *
   * @param work about how many multiplications one result takes
   */
  public void split(int count, long work, Part part) {
    int parts = (int) Math.min(Math.min(threads, count), 1 + count * work / worthwhile);
    if (parts <= 1) {
      part.compute(0, count);
      return;
    }
    List<Future<?>> others = new ArrayList<>();
    for (int p = 1; p < parts; p++) {
      int from = bound(count, p, parts);
      int to = bound(count, p + 1, parts);
      others.add(pool.submit(() -> part.compute(from, to)));
    }
    try {
      part.compute(0, bound(count, 1, parts));
    } finally {
      // Wait even when a part failed: the others still write into the rows.
      others.forEach(Workers::awaitEnd);
    }
    others.forEach(Workers::checkSucceeded);
  }

  private static int bound(int count, int part, int parts) {
    return (int) ((long) count * part / parts);
  }

  private static void awaitEnd(Future<?> part) {
    boolean interrupted = false;
    while (!part.isDone()) {
      try {
        part.get();
      } catch (InterruptedException e) {
        interrupted = true;
      } catch (ExecutionException | CancellationException e) {
        break; // told by checkSucceeded, when every part has ended
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static void checkSucceeded(Future<?> part) {
    if (part.state() == Future.State.SUCCESS) {
      return;
    }
    Throwable cause =
        part.state() == Future.State.FAILED ? part.exceptionNow() : new CancellationException();
    if (cause instanceof Error error) {
      throw error; // out of memory is the same on every thread
    }
    throw new IllegalStateException("A worker thread failed: " + cause, cause);
  }
}
