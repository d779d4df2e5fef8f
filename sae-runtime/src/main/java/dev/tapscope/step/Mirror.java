package dev.tapscope.step;

import dev.tapscope.cuda.GpuTraining;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** The host's copy of one array on a GPU; takes memory when it is asked for the first time. */
final class Mirror {
  private static final long ALIGNMENT = 64;

  private final GpuTraining training;
  private final GpuTraining.Array array;
  private final Arena arena;
  private Optional<MemorySegment> copy = Optional.empty();

  /** Whether somebody has the copy, so that it is the truth and not what the GPU has. */
  private boolean lent;

  Mirror(GpuTraining training, GpuTraining.Array array, Arena arena) {
    this.training = training;
    this.array = array;
    this.arena = arena;
  }

  StateArray view() {
    StateArray.Element element =
        switch (array.element()) {
          case F32 -> StateArray.Element.F32;
          case I64 -> StateArray.Element.I64;
        };
    return new StateArray(array.name(), element, array.shape(), this::lend);
  }

  private MemorySegment lend() {
    MemorySegment here = copy.orElseGet(() -> arena.allocate(array.bytes(), ALIGNMENT));
    if (!lent) {
      training.download(array.name(), here);
      copy = Optional.of(here);
      lent = true;
    }
    return here;
  }

  /** Makes what was lent, and may have been written to, the GPU's. */
  void giveBack() {
    if (lent) {
      training.upload(array.name(), copy.orElseThrow());
      lent = false;
    }
  }
}
