package gemma2.io;

import gemma2.math.Dtype;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** A tensor of a checkpoint: its stored bytes, checked to be as many as its shape needs. */
public record Tensor(String name, Dtype dtype, List<Long> shape, MemorySegment data) {

  public Tensor {
    shape = List.copyOf(shape);
  }

  /** Numbers in this tensor. */
  public long count() {
    return data.byteSize() / dtype.blockBytes() * dtype.blockLength();
  }
}
