package dev.tapscope.io;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.IntFunction;

/**
 * An array of float32 numbers to be written, handed over row by row so that it need not be in the
 * heap as a whole.
 *
 * @param shape one or two axes
 * @param rows gives each row of a matrix, or the one row of a vector; may be asked more than once
 */
public record FloatTable(Shape shape, IntFunction<float[]> rows) {
  private static final int BLOCK = 1 << 14;

  public FloatTable {
    if (shape.rank() < 1 || shape.rank() > 2) {
      throw new IllegalArgumentException("one or two axes were wanted, not " + shape);
    }
  }

  /** A vector; the array is not copied. */
  public static FloatTable vector(float[] values) {
    return new FloatTable(Shape.of(values.length), row -> values);
  }

  /** A matrix of rows of equal width. */
  public static FloatTable matrix(int rows, int columns, IntFunction<float[]> row) {
    return new FloatTable(Shape.of(rows, columns), row);
  }

  /** Bytes of its numbers. */
  long bytes() {
    return shape.bytes(Dtype.F32).orElseThrow();
  }

  /** Writes its numbers, row-major and little-endian. */
  void writeTo(OutputStream out) throws IOException {
    int count = shape.rank() == 1 ? 1 : Math.toIntExact(shape.size(0));
    long width = shape.size(shape.rank() - 1);
    ByteBuffer block =
        ByteBuffer.allocate((int) Math.min(width, BLOCK) * Float.BYTES)
            .order(ByteOrder.LITTLE_ENDIAN);
    for (int r = 0; r < count; r++) {
      float[] row = rows.apply(r);
      if (row.length != width) {
        throw new IllegalStateException("row %d has %d of %d".formatted(r, row.length, width));
      }
      for (int at = 0; at < row.length; at += BLOCK) {
        int part = Math.min(BLOCK, row.length - at);
        block.asFloatBuffer().put(row, at, part);
        out.write(block.array(), 0, part * Float.BYTES);
      }
    }
  }
}
