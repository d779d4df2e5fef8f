package dev.tapscope.cuda;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What a step tells: {@code StepResult} of training.cuh, which explains its numbers and has the
 * same order.
 */
record StepResult(
    int flags,
    double squares,
    double penalties,
    long active,
    long inBand,
    long kept,
    long longest,
    double movement,
    double penaltyShare,
    double errorShare,
    double norm) {
  /** Of the struct, rounded up. */
  static final int BYTES = 128;

  static final int NOT_FINITE = 1;
  static final int OVERFLOW = 2;
  static final int LOSS = 4;
  static final int MODE = 8;
  static final int GRADIENT = 16;

  private static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

  static StepResult read(MemorySegment from) {
    return new StepResult(
        from.get(ValueLayout.JAVA_INT, 0),
        from.get(DOUBLE, 8),
        from.get(DOUBLE, 16),
        from.get(LONG, 24),
        from.get(LONG, 32),
        from.get(LONG, 48),
        from.get(LONG, 56),
        from.get(DOUBLE, 64),
        from.get(DOUBLE, 72),
        from.get(DOUBLE, 80),
        from.get(DOUBLE, 88));
  }

  boolean has(int flag) {
    return (flags & flag) != 0;
  }
}
