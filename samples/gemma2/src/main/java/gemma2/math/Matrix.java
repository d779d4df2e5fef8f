package gemma2.math;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.OptionalLong;

/**
 * A weight matrix in the form it was stored in, usually a part of a mapped file: {@code rows} rows
 * of {@code columns} numbers, row after row. Immutable and safe to share between threads.
 */
public record Matrix(MemorySegment data, Dtype dtype, int rows, int columns) {

  private static final ValueLayout.OfLong WORD =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  public Matrix {
    long wanted = Math.multiplyExact((long) rows * columns, dtype.bytes());
    if (data.byteSize() != wanted) {
      throw new IllegalArgumentException(
          "A %s matrix of %d x %d takes %d bytes, not %d."
              .formatted(dtype, rows, columns, wanted, data.byteSize()));
    }
  }

  /** Writes row {@code row} as floats to {@code out}, from {@code out[at]} on. */
  public void widen(int row, float[] out, int at) {
    long first = (long) row * columns;
    for (int c = 0; c < columns; c++) {
      out[at + c] = dtype.read(data, first + c);
    }
  }

  /** The index, counted over the whole matrix, of the first NaN or infinity. */
  public OptionalLong firstNonFinite() {
    long count = (long) rows * columns;
    long perWord = 8 / dtype.bytes();
    long words = count / perWord;
    for (long word = 0; word < words; word++) {
      if (dtype.holdsNonFinite(data.get(WORD, word * 8))) {
        return nonFiniteFrom(word * perWord, count);
      }
    }
    return nonFiniteFrom(words * perWord, count);
  }

  private OptionalLong nonFiniteFrom(long from, long to) {
    for (long i = from; i < to; i++) {
      if (!Float.isFinite(dtype.read(data, i))) {
        return OptionalLong.of(i);
      }
    }
    return OptionalLong.empty();
  }
}
