package dev.tapscope.cuda;

/** Memory on the card that grows by need; what was in it is lost then. */
final class Room implements AutoCloseable {
  private final DeviceMemory memory;
  private final String name;
  private DeviceArray array;

  Room(DeviceMemory memory, String name) {
    this.memory = memory;
    this.name = name;
  }

  /**
   * Makes it at least so large.
   *
   * @throws GpuMemoryException when there is not enough; it is empty then
   */
  DeviceArray atLeast(long bytes) {
    if (array == null || array.bytes() < bytes) {
      close();
      array = memory.take(name, bytes);
    }
    return array;
  }

  /** What there is, after {@link #atLeast}. */
  DeviceArray array() {
    return array;
  }

  @Override
  public void close() {
    if (array != null) {
      array.close();
      array = null;
    }
  }
}
