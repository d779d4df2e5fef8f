package dev.tapscope.cuda;

import java.util.stream.Stream;

/**
 * Rows in 16 bits for the tensor cores, on the card; see {@code shadow.cuh}.
 *
 * @param stride halves from one row to the next
 * @param halves {@code [rows, stride]}
 * @param scales F32 {@code [rows]}, what the halves are multiplied by to get the row
 * @param norms F32 {@code [rows]}, lengths of the rows, rounded up
 */
record Shadow(int stride, DeviceArray halves, DeviceArray scales, DeviceArray norms)
    implements AutoCloseable {
  /** The stride is a multiple of this. */
  private static final int STEP = 64;

  /**
   * Takes the memory for it.
   *
   * @throws GpuMemoryException when there is not enough
   */
  static Shadow take(DeviceMemory memory, String name, int rows, int width) {
    int stride = stride(width);
    DeviceArray halves = memory.take(name + " in 16 bits", (long) rows * stride * Short.BYTES);
    try {
      DeviceArray scales = memory.take(name + "'s scales", (long) rows * Float.BYTES);
      try {
        DeviceArray norms = memory.take(name + "'s lengths", (long) rows * Float.BYTES);
        return new Shadow(stride, halves, scales, norms);
      } catch (GpuMemoryException e) {
        scales.close();
        throw e;
      }
    } catch (GpuMemoryException e) {
      halves.close();
      throw e;
    }
  }

  static int stride(int width) {
    return Math.multiplyExact(Math.ceilDiv(width, STEP), STEP);
  }

  /** Bytes that {@link #take} takes. */
  static long bytes(int rows, int width) {
    return (long) rows * ((long) stride(width) * Short.BYTES + 2 * Float.BYTES);
  }

  @Override
  public void close() {
    Stream.of(halves, scales, norms).forEach(DeviceArray::close);
  }
}
