package dev.tapscope.cuda;

import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import jcuda.driver.CUevent;
import jcuda.driver.CUstream;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;

/**
 * Batches on their way to the card, two at most: one that a step works on, and the next, which is
 * copied meanwhile on a stream of its own.
 */
final class StagedBatches {
  private static final int SLOTS = 2;

  /** Where a batch is. */
  static final class Slot {
    private final Reusable x;
    private final Reusable y;
    private final CUevent arrived;
    private final Staging stagingX;
    private final Staging stagingY;
    private boolean same;
    private int rows;

    private Slot(Gpu gpu, Holdings holdings) {
      x = holdings.reusable("a batch");
      y = holdings.reusable("what is wanted of a batch");
      arrived = gpu.event();
      holdings.hold(
          () -> Result.check(JCudaDriver.cuEventDestroy(arrived), "closing a batch's event"));
      stagingX = new Staging(gpu);
      holdings.hold(stagingX::close);
      stagingY = new Staging(gpu);
      holdings.hold(stagingY::close);
    }

    DeviceArray x() {
      return x.array();
    }

    DeviceArray y() {
      return same ? x.array() : y.array();
    }

    int rows() {
      return rows;
    }
  }

  private final Gpu gpu;
  private final int inputs;
  private final int outputs;
  private final CUstream stream = new CUstream();
  private final Deque<Slot> free = new ArrayDeque<>();
  private final Deque<Slot> waiting = new ArrayDeque<>();

  StagedBatches(Gpu gpu, Holdings holdings, int inputs, int outputs) {
    this.gpu = gpu;
    this.inputs = inputs;
    this.outputs = outputs;
    gpu.makeCurrent();
    Result.check(
        JCudaDriver.cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING),
        "making a stream");
    holdings.hold(() -> Result.check(JCudaDriver.cuStreamDestroy(stream), "closing a stream"));
    for (int i = 0; i < SLOTS; i++) {
      free.add(new Slot(gpu, holdings));
    }
  }

  /** Bytes of the card for batches of so many rows. */
  static long bytes(long inputs, long outputs, long rows) {
    return SLOTS * rows * (inputs + outputs) * Float.BYTES;
  }

  /**
   * Copies a batch and starts to bring it to the card.
   *
   * @throws IllegalArgumentException when it does not have the widths
   * @throws IllegalStateException when two are there already
   * @throws GpuMemoryException when there is too little memory
   */
  void stage(MemorySegment batchX, MemorySegment batchY, int rows) {
    requireSize("x", batchX, rows, inputs);
    requireSize("y", batchY, rows, outputs);
    if (free.isEmpty()) {
      throw new IllegalStateException("two batches are staged already; finish a step first");
    }
    Slot slot = free.element();
    slot.rows = rows;
    slot.same = batchX.equals(batchY);
    gpu.makeCurrent();
    send(batchX, slot.stagingX, slot.x);
    if (!slot.same) {
      send(batchY, slot.stagingY, slot.y);
    }
    Result.check(JCudaDriver.cuEventRecord(slot.arrived, stream), "copying a batch to the card");
    waiting.add(free.remove());
  }

  private void requireSize(String name, MemorySegment values, int rows, int width) {
    if (rows < 1 || values.byteSize() != (long) rows * width * Float.BYTES) {
      throw new IllegalArgumentException(
          "A batch of %d rows of width %d was wanted for %s, but there are %d bytes; give whole"
                  .formatted(rows, width, name, values.byteSize())
              + " float32 rows of that width, at least one.");
    }
  }

  private void send(MemorySegment values, Staging by, Reusable to) {
    long bytes = values.byteSize();
    to.atLeast(bytes);
    MemorySegment.copy(values, 0, by.atLeast(bytes), 0, bytes);
    to.array().upload(by.pinned(), bytes, stream);
  }

  /**
   * The batch that was staged first; the GPU's stream waits until it is there.
   *
   * @throws IllegalStateException when there is none
   */
  Slot next() {
    if (waiting.isEmpty()) {
      throw new IllegalStateException("no batch has been staged for a step");
    }
    Slot slot = waiting.element();
    Result.check(
        JCudaDriver.cuStreamWaitEvent(gpu.stream(), slot.arrived, 0), "waiting for a batch");
    return waiting.remove();
  }

  /** Takes a batch back that no work on the card needs any more. */
  void done(Slot slot) {
    free.add(slot);
  }
}
