package dev.tapscope.cuda;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import jcuda.Pointer;
import jcuda.driver.CUfunction;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;

/**
 * A kernel and the block of memory its arguments are handed over in: addresses are written once, so
 * that a launch makes no objects that JCuda would have to follow. Used by one thread at a time.
 */
final class Kernel {
  /** What needs no permission. */
  private static final int USUAL_SHARED_BYTES = 48 << 10;

  private static final AtomicLong LAUNCHES = new AtomicLong();

  private final String name;
  private final CUfunction function;
  private final List<Ptx.Type> parameters;
  private final ByteBuffer block;
  private final Pointer pointer;
  private int sharedBytes = USUAL_SHARED_BYTES;

  Kernel(String name, CUfunction function, List<Ptx.Type> parameters) {
    this.name = name;
    this.function = function;
    this.parameters = parameters;
    int count = parameters.size();
    block = ByteBuffer.allocateDirect(2 * Math.max(1, count) * Long.BYTES);
    block.order(ByteOrder.nativeOrder());
    long values = MemorySegment.ofBuffer(block).address() + (long) count * Long.BYTES;
    for (int i = 0; i < count; i++) {
      block.putLong(i * Long.BYTES, values + (long) i * Long.BYTES);
    }
    pointer = Pointer.to(block);
  }

  /**
   * Launches it, in the order of a stream. Arguments are read before it returns.
   *
   * @param grid blocks; nothing is launched where there are none
   * @param threads of a block
   * @param shared bytes of dynamic shared memory
   * @param arguments as the kernel declares them: {@link DeviceArray} for a pointer, {@link
   *     Integer}, {@link Long}, {@link Float}, {@link Double}
   * @throws IllegalArgumentException when number or types are not what the kernel declares
   */
  void launch(CUstream stream, Grid grid, int threads, int shared, Object... arguments) {
    if (arguments.length != parameters.size()) {
      throw new IllegalArgumentException(
          "kernel %s takes %d arguments, not %d"
              .formatted(name, parameters.size(), arguments.length));
    }
    for (int i = 0; i < arguments.length; i++) {
      put(i, arguments[i]);
    }
    if (grid.isEmpty()) {
      return;
    }
    if (shared > sharedBytes) {
      Result.check(
          JCudaDriver.cuFuncSetAttribute(
              function,
              CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
              shared),
          "giving kernel %s %d bytes of shared memory".formatted(name, shared));
      sharedBytes = shared;
    }
    Result.check(
        JCudaDriver.cuLaunchKernel(
            function, grid.x(), grid.y(), grid.z(), threads, 1, 1, shared, stream, pointer, null),
        "launching kernel " + name);
    countLaunch();
  }

  /** Counts what a library launches. */
  static void countLaunch() {
    LAUNCHES.incrementAndGet();
  }

  /** How many there have been, of all kernels; a library's product counts as one. */
  static long launches() {
    return LAUNCHES.get();
  }

  private void put(int i, Object argument) {
    int at = (parameters.size() + i) * Long.BYTES;
    Ptx.Type type = parameters.get(i);
    switch (argument) {
      case DeviceArray array when type == Ptx.Type.B64 -> block.putLong(at, array.address());
      case Long value when type == Ptx.Type.B64 -> block.putLong(at, value);
      case Integer value when type == Ptx.Type.B32 -> block.putInt(at, value);
      case Float value when type == Ptx.Type.F32 -> block.putFloat(at, value);
      case Double value when type == Ptx.Type.F64 -> block.putDouble(at, value);
      default ->
          throw new IllegalArgumentException(
              "argument %d of kernel %s is %s, not %s"
                  .formatted(i, name, type, argument.getClass().getSimpleName()));
    }
  }

  @Override
  public String toString() {
    return name;
  }
}
