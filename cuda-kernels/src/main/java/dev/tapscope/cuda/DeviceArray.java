package dev.tapscope.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;

/** Memory on the card. Used by one thread at a time; whoever takes it closes it. */
final class DeviceArray implements AutoCloseable {
  /** Copies are cut to what a {@link ByteBuffer} can be. */
  private static final long PIECE = 1L << 30;

  private final DeviceMemory memory;
  private final String name;
  private final DevicePointer pointer;
  private final long bytes;
  private boolean open = true;

  DeviceArray(DeviceMemory memory, String name, DevicePointer pointer, long bytes) {
    this.memory = memory;
    this.name = name;
    this.pointer = pointer;
    this.bytes = bytes;
  }

  String name() {
    return name;
  }

  long bytes() {
    return bytes;
  }

  long address() {
    if (!open) {
      throw new IllegalStateException(name + " has been closed");
    }
    return pointer.address();
  }

  /**
   * Copies from memory outside the heap, in the order of the GPU's stream, and waits for it: what
   * the driver calls blocking copies is ordered with neither what that stream has been given before
   * nor what comes next.
   */
  void upload(MemorySegment from) {
    upload(from, 0);
  }

  void upload(MemorySegment from, long at) {
    requireFits(at, from.byteSize());
    for (long done = 0; done < from.byteSize(); done += PIECE) {
      long some = Math.min(PIECE, from.byteSize() - done);
      Result.check(
          JCudaDriver.cuMemcpyHtoDAsync(
              at(at + done), pointer(from, done, some), some, memory.gpu().stream()),
          "copying " + name + " to the card");
    }
    memory.gpu().synchronize();
  }

  /** Copies to memory outside the heap, after everything that was launched before, and waits. */
  void download(MemorySegment to) {
    download(to, 0);
  }

  void download(MemorySegment to, long at) {
    requireFits(at, to.byteSize());
    for (long done = 0; done < to.byteSize(); done += PIECE) {
      long some = Math.min(PIECE, to.byteSize() - done);
      Result.check(
          JCudaDriver.cuMemcpyDtoHAsync(
              pointer(to, done, some), at(at + done), some, memory.gpu().stream()),
          "copying " + name + " from the card");
    }
    memory.gpu().synchronize();
  }

  /** Fills memory anywhere from its begin, as {@link #download}. */
  void copyTo(MemorySegment to) {
    memory.gpu().makeCurrent();
    if (to.isNative()) {
      download(to);
    } else {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment outside = arena.allocate(to.byteSize());
        download(outside);
        to.copyFrom(outside);
      }
    }
  }

  /** The first floats of it. */
  float[] floats(long count) {
    float[] values = new float[Math.toIntExact(count)];
    copyTo(MemorySegment.ofArray(values));
    return values;
  }

  /** The first doubles of it. */
  double[] doubles(long count) {
    double[] values = new double[Math.toIntExact(count)];
    copyTo(MemorySegment.ofArray(values));
    return values;
  }

  /** Starts a copy from pinned memory, in the order of a stream. */
  void upload(Pinned from, long count, CUstream stream) {
    requireFits(0, count);
    Result.check(
        JCudaDriver.cuMemcpyHtoDAsync(at(0), from.pointer(), count, stream),
        "copying " + name + " to the card");
  }

  /** Starts a copy to pinned memory, in the order of a stream. */
  void download(Pinned to, long at, long count, CUstream stream) {
    requireFits(at, count);
    Result.check(
        JCudaDriver.cuMemcpyDtoHAsync(to.pointer(), at(at), count, stream),
        "copying " + name + " from the card");
  }

  /** Makes every byte 0, in the order of a stream. */
  void clear(CUstream stream) {
    Result.check(JCudaDriver.cuMemsetD8Async(at(0), (byte) 0, bytes, stream), "clearing " + name);
  }

  /** For libraries that take pointers; {@code offset} is in bytes. */
  CUdeviceptr pointer(long offset) {
    requireFits(offset, 0);
    return at(offset);
  }

  private CUdeviceptr at(long offset) {
    address();
    return pointer.withByteOffset(offset);
  }

  private void requireFits(long at, long count) {
    if (at < 0 || count < 0 || at + count > bytes) {
      throw new IllegalArgumentException(
          "%d bytes at %d of %s, which has %d".formatted(count, at, name, bytes));
    }
  }

  private static Pointer pointer(MemorySegment segment, long at, long count) {
    return Pointer.to(segment.asSlice(at, count).asByteBuffer());
  }

  @Override
  public void close() {
    if (open) {
      open = false;
      memory.free(this);
    }
  }

  int release() {
    return JCudaDriver.cuMemFree(pointer);
  }
}
