package dev.tapscope.bench;

import java.lang.management.ManagementFactory;

/** What time is. */
enum Clock {
  /** Of the clock on the wall; what a user waits for, and what other programs disturb. */
  WALL {
    @Override
    long nanos() {
      return System.nanoTime();
    }
  },
  /**
   * Of this thread on a processor: other programs take none of it away, and neither does what
   * threads of the garbage collector or of the model do.
   */
  CPU {
    @Override
    long nanos() {
      return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }
  };

  abstract long nanos();
}
