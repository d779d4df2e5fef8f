package dev.tapscope.cuda;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jcuda.Pointer;
import jcuda.driver.JCudaDriver;

/** Memory of the host that the card copies from and to by itself, while the host goes on. */
final class Pinned implements AutoCloseable {
  private final Gpu gpu;
  private final Pointer pointer = new Pointer();
  private final MemorySegment segment;

  /** At most {@code Integer.MAX_VALUE} bytes. */
  Pinned(Gpu gpu, long bytes) {
    this.gpu = gpu;
    gpu.makeCurrent();
    Result.check(
        JCudaDriver.cuMemHostAlloc(pointer, Math.max(1, bytes), 0),
        "taking %s of memory that stays in place".formatted(DeviceMemory.size(bytes)));
    ByteBuffer buffer = pointer.getByteBuffer(0, Math.max(1, bytes));
    segment = MemorySegment.ofBuffer(buffer.order(ByteOrder.nativeOrder()));
  }

  MemorySegment segment() {
    return segment;
  }

  Pointer pointer() {
    return pointer;
  }

  @Override
  public void close() {
    gpu.makeCurrent();
    Result.check(JCudaDriver.cuMemFreeHost(pointer), "giving back memory of the host");
  }
}
