package dev.tapscope.step;

/** The parts of a sparse step, for those who measure them. */
public enum Phase {
  /** Rows are laid out for the encoder's product. */
  PACK,
  /** Encoder's product, bias, threshold and compaction. */
  ENCODE,
  /** Active features in token order. */
  SORT,
  /** Reconstruction, loss, and the gradient by the reconstruction. */
  DECODE,
  /** Gradients by feature and, with them in cache, Adam. */
  BACKWARD
}
