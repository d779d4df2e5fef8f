package dev.tapscope.cuda;

import java.util.Optional;

/** Memory of the card that is taken when it is needed, and used again as long as it is enough. */
final class Reusable implements AutoCloseable {
  private final DeviceMemory memory;
  private final String name;
  private Optional<DeviceArray> array = Optional.empty();

  /**
   * @param name what it is for, for messages
   */
  Reusable(DeviceMemory memory, String name) {
    this.memory = memory;
    this.name = name;
  }

  /**
   * The memory; what was in it is lost where it has to grow.
   *
   * @throws GpuMemoryException when there is not enough; it is given back then
   */
  DeviceArray atLeast(long bytes) {
    if (array.isEmpty() || array.get().bytes() < bytes) {
      close();
      array = Optional.of(memory.take(name, bytes));
    }
    return array.get();
  }

  /** What {@link #atLeast} has given out. */
  DeviceArray array() {
    return array.orElseThrow();
  }

  /** Gives it back, until it is needed again. */
  @Override
  public void close() {
    array.ifPresent(DeviceArray::close);
    array = Optional.empty();
  }
}
