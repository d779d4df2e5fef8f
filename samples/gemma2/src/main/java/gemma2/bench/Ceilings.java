package gemma2.bench;

import gemma2.math.Workers;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/**
 * What this machine can do at most with the threads given: read the weights and do nothing else,
 * multiply and add in registers and do nothing else. Work is taken in small pieces by whichever
 * thread is free, so one that is held up does not lower the ceiling of the others.
 */
final class Ceilings {

  private static final long BLOCK = 4L << 20;
  private static final int FMA_STEPS = 1 << 16;

  /** Enough for {@link Workers} to wake every thread. */
  private static final long LONG_WORK = 1L << 32;

  private static final long SHORTEST_NANOS = 250_000_000;

  private final Workers workers;
  private final List<Block> blocks = new ArrayList<>();

  private long nanos;
  private long processorNanos;

  /** What the loops compute goes here, so that they cannot be left out. */
  private final LongAdder sums = new LongAdder();

  private record Block(MemorySegment bytes, long from, long length) {}

  /**
   * The ceilings for a model.
   *
   * @param weights the stored bytes that a decoded token reads
   */
  Ceilings(Workers workers, List<MemorySegment> weights) {
    this.workers = workers;
    for (MemorySegment matrix : weights) {
      for (long from = 0; from < matrix.byteSize(); from += BLOCK) {
        blocks.add(new Block(matrix, from, Math.min(BLOCK, matrix.byteSize() - from)));
      }
    }
  }

  /**
   * Nanoseconds of a pass over the weights.
   *
   * @param streams one: each thread reads front to back; four: in four places at once
   */
  long passNanos(int streams) {
    long started = System.nanoTime();
    pass(streams);
    return System.nanoTime() - started;
  }

  private void pass(int streams) {
    AtomicInteger next = new AtomicInteger();
    onEveryThread(() -> {
      for (int b = next.getAndIncrement(); b < blocks.size(); b = next.getAndIncrement()) {
        Block block = blocks.get(b);
        sums.add(VectorLoops.read(block.bytes(), block.from(), block.length(), streams));
      }
    });
  }

  /** Fp32 additions and multiplications a second. */
  double flopsPerSecond() {
    LongAdder steps = new LongAdder();
    long started = System.nanoTime();
    onEveryThread(() -> {
      while (System.nanoTime() - started < SHORTEST_NANOS) {
        sums.add((long) VectorLoops.fma(FMA_STEPS, 0.999f, 0.001f));
        steps.add(FMA_STEPS);
      }
    });
    return VectorLoops.flopsPerStep() * steps.sum() * 1e9 / (System.nanoTime() - started);
  }

  /**
   * How much of the processors the loops were given so far, of all they could use: less than one
   * where other programs run. Empty where the JVM cannot tell.
   */
  OptionalDouble processorShare() {
    return processorNanos <= 0
        ? OptionalDouble.empty()
        : OptionalDouble.of(Math.min(1, (double) processorNanos / (nanos * workers.threads())));
  }

  /** Runs {@code loop}, which ends by itself when there is nothing left, on every thread. */
  private void onEveryThread(Runnable loop) {
    long processorBefore = ProcessUsage.processorNanos();
    long started = System.nanoTime();
    workers.split(workers.threads(), LONG_WORK, Ceilings::run, loop, loop, loop);
    nanos += System.nanoTime() - started;
    processorNanos += ProcessUsage.processorNanos() - processorBefore;
  }

  /** A part has three operands; one is all that a loop needs. */
  private static void run(Runnable loop, Runnable again, Runnable andAgain, int from, int to) {
    for (int i = from; i < to; i++) {
      loop.run();
    }
  }
}
