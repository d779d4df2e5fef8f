package dev.tapscope.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * The kept pairs of a batch, on the card: row {@code r} has {@code counts[r]} of them, of which the
 * first {@link #capacity()} are in {@code features[r * capacity + i]}, ascending, and {@code z[r *
 * capacity + i]}. Counts are exact also above the capacity; then bit 1 of the flags is set, and the
 * batch has to be encoded again after {@link #grow}. Used by one thread at a time.
 */
final class Pairs implements AutoCloseable {
  /** Entries of a row's list are a multiple of this. */
  static final int STEP = 32;

  private final DeviceMemory memory;
  private int rows;
  private int capacity;
  private DeviceArray counts;
  private DeviceArray features;
  private DeviceArray z;

  /**
   * @throws GpuMemoryException when there is not enough
   */
  Pairs(DeviceMemory memory, int rows, int capacity) {
    this.memory = memory;
    grow(rows, capacity);
  }

  /** Rows there is room for. */
  int rows() {
    return rows;
  }

  /** Pairs of a row there is room for. */
  int capacity() {
    return capacity;
  }

  /** I32 {@code [rows]}. */
  DeviceArray counts() {
    return counts;
  }

  /** I32 {@code [rows, capacity]}. */
  DeviceArray features() {
    return features;
  }

  /** F32 {@code [rows, capacity]}: with bias, after the relu where there is one. */
  DeviceArray z() {
    return z;
  }

  /**
   * Makes room, where there is not enough already. What the lists held is lost then.
   *
   * @throws GpuMemoryException when there is not enough; there is room for nothing then
   */
  void grow(int atLeastRows, int atLeastCapacity) {
    if (atLeastRows <= rows && atLeastCapacity <= capacity) {
      return;
    }
    int newRows = Math.max(rows, atLeastRows);
    int newCapacity = Math.ceilDiv(Math.max(capacity, atLeastCapacity), STEP) * STEP;
    long entries = (long) newRows * newCapacity;
    close();
    try {
      counts = memory.take("the counts of a batch", (long) newRows * Integer.BYTES);
      features = memory.take("the features of a batch", entries * Integer.BYTES);
      z = memory.take("the preactivations of a batch", entries * Float.BYTES);
    } catch (GpuMemoryException e) {
      close();
      throw e;
    }
    rows = newRows;
    capacity = newCapacity;
  }

  /** The counts of the first rows; waits for them. */
  int[] downloadCounts(int ofRows) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment segment = arena.allocate((long) ofRows * Integer.BYTES, Integer.BYTES);
      counts.download(segment);
      return segment.toArray(ValueLayout.JAVA_INT);
    }
  }

  @Override
  public void close() {
    rows = 0;
    capacity = 0;
    Stream.of(counts, features, z).filter(Objects::nonNull).forEach(DeviceArray::close);
  }
}
