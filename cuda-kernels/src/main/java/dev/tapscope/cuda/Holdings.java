package dev.tapscope.cuda;

import java.util.ArrayDeque;
import java.util.Deque;

/** What one owner has taken, to be given back together, the last first. */
final class Holdings implements AutoCloseable {
  /** Something that is given back without a checked exception. */
  interface Held extends AutoCloseable {
    @Override
    void close();
  }

  private final Gpu gpu;
  private final Deque<Held> held = new ArrayDeque<>();

  Holdings(Gpu gpu) {
    this.gpu = gpu;
  }

  DeviceArray take(String name, long bytes) {
    DeviceArray array = gpu.memory().take(name, bytes);
    held.push(array::close);
    return array;
  }

  /** Takes an array of zeros. */
  DeviceArray zeros(String name, long bytes) {
    DeviceArray array = take(name, bytes);
    array.clear(gpu.stream());
    return array;
  }

  Reusable reusable(String name) {
    Reusable reusable = new Reusable(gpu.memory(), name);
    held.push(reusable::close);
    return reusable;
  }

  void hold(Held something) {
    held.push(something);
  }

  @Override
  public void close() {
    while (!held.isEmpty()) {
      held.pop().close();
    }
  }
}
