package dev.tapscope.cuda;

import java.util.Locale;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/** Takes memory of the card and knows how much of it is taken. Thread-safe. */
final class DeviceMemory {
  private final Gpu gpu;
  private long inUse;
  private long peak;

  DeviceMemory(Gpu gpu) {
    this.gpu = gpu;
  }

  /**
   * Takes memory; what is in it is left from others.
   *
   * @param name what it is for, for messages
   * @throws GpuMemoryException when there is not enough
   */
  synchronized DeviceArray take(String name, long bytes) {
    gpu.makeCurrent();
    DevicePointer pointer = new DevicePointer();
    int result = JCudaDriver.cuMemAlloc(pointer, Math.max(1, bytes));
    if (result == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
      throw new GpuMemoryException(tooLittle(name, bytes), bytes);
    }
    Result.check(result, "taking memory for " + name);
    inUse += bytes;
    peak = Math.max(peak, inUse);
    return new DeviceArray(this, name, pointer, bytes);
  }

  synchronized void free(DeviceArray array) {
    gpu.makeCurrent();
    inUse -= array.bytes();
    Result.check(array.release(), "giving back " + array.name());
  }

  Gpu gpu() {
    return gpu;
  }

  /** Bytes that are taken now. */
  synchronized long inUse() {
    return inUse;
  }

  /** The most that was ever taken. */
  synchronized long peak() {
    return peak;
  }

  private String tooLittle(String name, long bytes) {
    long[] free = {0};
    long[] total = {0};
    Result.check(JCudaDriver.cuMemGetInfo(free, total), "asking for free memory");
    return ("%s has too little free memory: %s are needed for %s, %s of %s are free, and this"
            + " process has %s of them in use. Use smaller batches, end other programs on the card,"
            + " or use device=cpu.")
        .formatted(gpu.name(), size(bytes), name, size(free[0]), size(total[0]), size(inUse));
  }

  static String size(long bytes) {
    return bytes < 1 << 30
        ? String.format(Locale.ROOT, "%.1f MiB", bytes / (double) (1 << 20))
        : String.format(Locale.ROOT, "%.1f GiB", bytes / (double) (1 << 30));
  }
}
