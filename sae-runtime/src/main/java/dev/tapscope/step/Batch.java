package dev.tapscope.step;

import java.lang.foreign.MemorySegment;

/**
 * Rows to train on: float32, native byte order, row-major without gaps, outside the heap and
 * aligned to 64 bytes. Borrowed: valid until its source is asked for the next one.
 *
 * @param x {@code [rows, d_in]}, what is encoded
 * @param y {@code [rows, d_out]}, what is to be reconstructed: {@code x} itself for an SAE, the
 *     output site's rows for a transcoder
 * @param rows number of rows, at least 1
 */
public record Batch(MemorySegment x, MemorySegment y, int rows) {
  void requireFits(Dimensions dimensions) {
    requireWidth("x", x, dimensions.inputs());
    requireWidth("y", y, dimensions.outputs());
  }

  private void requireWidth(String name, MemorySegment values, int width) {
    if (rows < 1 || values.byteSize() != (long) rows * width * Float.BYTES) {
      throw new IllegalArgumentException(
          "A batch of %d rows of width %d was wanted for %s, but there are %d bytes; give whole"
                  .formatted(rows, width, name, values.byteSize())
              + " float32 rows of that width, at least one.");
    }
  }
}
