package dev.tapscope.cuda;

import java.util.Arrays;
import java.util.function.IntConsumer;
import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.JCudaDriver;

/** Times work of a GPU's stream by events on the card. */
final class Timing implements AutoCloseable {
  private static final int WARM_UP = 5;

  private final Gpu gpu;
  private final int repeats;
  private final CUevent start = new CUevent();
  private final CUevent end = new CUevent();

  /**
   * @param repeats timed runs, after some that are not
   */
  Timing(Gpu gpu, int repeats) {
    this.gpu = gpu;
    this.repeats = repeats;
    gpu.makeCurrent();
    for (CUevent event : new CUevent[] {start, end}) {
      Result.check(
          JCudaDriver.cuEventCreate(event, CUevent_flags.CU_EVENT_DEFAULT), "making an event");
    }
  }

  /**
   * Median time of work in milliseconds.
   *
   * @param work starts it; its number counts up, to choose among inputs
   */
  double median(IntConsumer work) {
    return median(_ -> {}, work, _ -> {});
  }

  /** The same for work with something before it, and something after it, that are not timed. */
  double median(IntConsumer before, IntConsumer work, IntConsumer after) {
    double[] times = new double[repeats];
    for (int i = -Math.min(WARM_UP, repeats); i < repeats; i++) {
      int number = i + WARM_UP;
      before.accept(number);
      gpu.synchronize();
      double time = time(() -> work.accept(number));
      after.accept(number);
      if (i >= 0) {
        times[i] = time;
      }
    }
    return median(times);
  }

  /** Once, in milliseconds. */
  double time(Runnable work) {
    record(start);
    work.run();
    record(end);
    Result.check(JCudaDriver.cuEventSynchronize(end), "waiting for an event");
    float[] milliseconds = {0};
    Result.check(JCudaDriver.cuEventElapsedTime(milliseconds, start, end), "asking for the time");
    return milliseconds[0];
  }

  private void record(CUevent event) {
    Result.check(JCudaDriver.cuEventRecord(event, gpu.stream()), "recording an event");
  }

  /** For the work of all streams, whoever's they are. */
  void waitForAll() {
    Result.check(JCudaDriver.cuCtxSynchronize(), "waiting for the GPU");
  }

  static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  @Override
  public void close() {
    gpu.makeCurrent();
    JCudaDriver.cuEventDestroy(start);
    JCudaDriver.cuEventDestroy(end);
  }
}
