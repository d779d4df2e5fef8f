package dev.tapscope.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Times of all variants, measured in rounds: in each round every variant runs once, in an order of
 * that round's own, so that whatever else the machine does falls on all of them alike.
 */
final class Rounds {
  private static final long WARM_UP_NANOS = 1_500_000_000L;
  private static final long PIECE_NANOS = 4_000_000L;

  /** Most bytes of a piece: what is kept is written somewhere. */
  private static final long PIECE_BYTES = 16 << 20;

  private final List<Subject> subjects;
  private final int most;
  private final Clock clock;
  private final Random random = new Random(1);

  /**
   * @param bytes what one repetition keeps where it is kept
   */
  Rounds(List<Subject> subjects, long bytes, Clock clock) {
    this.subjects = List.copyOf(subjects);
    this.clock = clock;
    this.most = (int) Math.max(1, PIECE_BYTES / bytes);
  }

  /** Nanoseconds per repetition, by variant and round. */
  Map<Variant, double[]> run(int rounds) {
    int repetitions = warmUp();
    Map<Variant, double[]> times = new EnumMap<>(Variant.class);
    subjects.forEach(subject -> times.put(subject.variant(), new double[rounds]));
    List<Subject> order = new ArrayList<>(subjects);
    for (int round = 0; round < rounds; round++) {
      Collections.shuffle(order, random);
      for (Subject subject : order) {
        times.get(subject.variant())[round] = time(subject, repetitions) / (double) repetitions;
      }
    }
    return times;
  }

  /** Runs everything until the compilers are done; returns how many repetitions make a piece. */
  private int warmUp() {
    long end = System.nanoTime() + WARM_UP_NANOS * subjects.size();
    int few = Math.min(20, most);
    double fastest = Double.MAX_VALUE;
    while (System.nanoTime() < end) {
      for (Subject subject : subjects) {
        fastest = Math.min(fastest, time(subject, few) / (double) few);
      }
    }
    return (int) Math.clamp(PIECE_NANOS / fastest, 1, most);
  }

  private long time(Subject subject, int repetitions) {
    long started = clock.nanos();
    for (int i = 0; i < repetitions; i++) {
      subject.repeat();
    }
    long taken = clock.nanos() - started;
    subject.tidy();
    return taken;
  }
}
