package dev.tapscope.agent;

import java.time.Instant;

/** When a run began, and how long it has lasted. */
final class RunClock {
  private final Instant started = Instant.now();
  private final long nanos = System.nanoTime();

  Instant started() {
    return started;
  }

  double seconds() {
    return (System.nanoTime() - nanos) / 1e9;
  }
}
