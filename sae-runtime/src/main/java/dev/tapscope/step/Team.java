package dev.tapscope.step;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The caller's thread and as many others as are wanted beside it. Which of them does what is left
 * to chance, so that what is done must not depend on it.
 */
final class Team implements AutoCloseable {
  /** A part of a job: {@code worker} counts threads, {@code part} the parts of the job. */
  @FunctionalInterface
  interface Job {
    void run(int worker, int part);
  }

  private final int size;
  private final PhaseClock clock;
  private final ExecutorService others;

  Team(int size, PhaseClock clock) {
    if (size < 1) {
      throw new IllegalArgumentException("At least 1 thread is needed, not " + size + ".");
    }
    this.size = size;
    this.clock = clock;
    this.others =
        Executors.newFixedThreadPool(
            Math.max(1, size - 1), Thread.ofPlatform().daemon().name("sae-step-", 1).factory());
  }

  int size() {
    return size;
  }

  /** Returns when all parts are done; a part's exception ends the job. */
  void run(Phase phase, int parts, Job job) {
    AtomicInteger next = new AtomicInteger();
    List<CompletableFuture<Void>> running = new ArrayList<>();
    for (int worker = 1; worker < Math.min(size, parts); worker++) {
      int number = worker;
      running.add(CompletableFuture.runAsync(() -> work(phase, number, next, parts, job), others));
    }
    try {
      work(phase, 0, next, parts, job);
    } finally {
      CompletableFuture.allOf(running.toArray(CompletableFuture[]::new)).join();
    }
  }

  private void work(Phase phase, int worker, AtomicInteger next, int parts, Job job) {
    clock.begins(phase);
    try {
      for (int part = next.getAndIncrement(); part < parts; part = next.getAndIncrement()) {
        job.run(worker, part);
      }
    } catch (RuntimeException | Error e) {
      next.set(parts);
      throw e;
    } finally {
      clock.ends(phase);
    }
  }

  @Override
  public void close() {
    others.close();
  }
}
