package dev.tapscope.cuda;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** {@link Pinned} memory that grows. What is in it is lost when it does, or is used again. */
final class Staging implements AutoCloseable {
  private final Gpu gpu;
  private Optional<Pinned> pinned = Optional.empty();

  Staging(Gpu gpu) {
    this.gpu = gpu;
  }

  /** Memory with room for so many bytes. Copies from and to it must be done. */
  MemorySegment atLeast(long bytes) {
    if (pinned.isEmpty() || pinned.get().segment().byteSize() < bytes) {
      close();
      pinned = Optional.of(new Pinned(gpu, bytes));
    }
    return pinned.get().segment();
  }

  /** What {@link #atLeast} has given out. */
  Pinned pinned() {
    return pinned.orElseThrow();
  }

  @Override
  public void close() {
    pinned.ifPresent(Pinned::close);
    pinned = Optional.empty();
  }
}
