package dev.tapscope.cuda;

import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.OptionalDouble;

/**
 * What a sparse step of the usual size costs the host: counted and timed on a driver that does
 * nothing, so that the size is one of numbers alone.
 *
 * @param launches of kernels
 * @param products by a library, which launches a kernel for each at least
 * @param copies to the card and from it, the batch's among them
 * @param fills of memory
 * @param microseconds from the begin of the launches until the step's result has been read
 * @param withBatch the same and the copying of the batch before
 */
record StepCost(
    long launches, long products, long copies, long fills, double microseconds, double withBatch) {
  static final int MOST_LAUNCHES = 15;

  /** More than a piece of a list, so that there are pieces. */
  private static final int ROWS = 4096;

  private static final int FEATURES = 16_384;

  /** Launches do not depend on it; the copying of a batch does. */
  private static final int WIDTH = 8;

  private static final int ROUNDS = 20;
  private static final int STEPS = 500;

  /** Others may use the machine: time is that of this thread. */
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  /** Of a step with all that a training can ask for, by the products that this JVM has. */
  static StepCost of(Gpu gpu, Precision precision, boolean clip) {
    EmulatedDriver.configure("null=1");
    TrainingSettings settings =
        new TrainingSettings(
            new TrainingSettings.Tanh(4),
            0.2,
            true,
            true,
            true,
            true,
            0.9,
            0.999,
            1e-8,
            clip ? OptionalDouble.of(1) : OptionalDouble.empty(),
            TrainingSettings.NEVER_DENSE,
            precision);
    MemorySegment batch = Training.floats(new double[ROWS * WIDTH]);
    try (GpuTraining sae = new GpuTraining(gpu, WIDTH, FEATURES, WIDTH, settings)) {
      step(sae, batch);
      step(sae, batch);
      long launches = EmulatedDriver.count("launches");
      long products = EmulatedDriver.count("host-functions");
      long copies = EmulatedDriver.count("copies");
      long fills = EmulatedDriver.count("fills");
      step(sae, batch);
      launches = EmulatedDriver.count("launches") - launches;
      products = EmulatedDriver.count("host-functions") - products;
      copies = EmulatedDriver.count("copies") - copies;
      fills = EmulatedDriver.count("fills") - fills;
      double best = Double.POSITIVE_INFINITY;
      double bestWithBatch = Double.POSITIVE_INFINITY;
      for (int round = 0; round < ROUNDS; round++) {
        long nanos = 0;
        long begin = THREADS.getCurrentThreadCpuTime();
        for (int i = 0; i < STEPS; i++) {
          nanos += step(sae, batch);
        }
        best = Math.min(best, nanos / 1e3 / STEPS);
        bestWithBatch =
            Math.min(bestWithBatch, (THREADS.getCurrentThreadCpuTime() - begin) / 1e3 / STEPS);
      }
      return new StepCost(launches, products, copies, fills, best, bestWithBatch);
    } finally {
      EmulatedDriver.configure("");
    }
  }

  /** Nanoseconds of a step whose batch has been copied. */
  private static long step(GpuTraining sae, MemorySegment batch) {
    sae.stage(batch, batch, ROWS);
    long begin = THREADS.getCurrentThreadCpuTime();
    sae.start(1e-3, 0.01);
    sae.finish();
    return THREADS.getCurrentThreadCpuTime() - begin;
  }

  /** All launches. */
  long all() {
    return launches + products;
  }

  @Override
  public String toString() {
    return "%d kernels, %d products of a library, %d copies, %d fills: %.1f microseconds of the"
            .formatted(launches, products, copies, fills, microseconds)
        + " host, %.1f with the copying of %d bytes".formatted(withBatch, 4 * ROWS * WIDTH);
  }
}
