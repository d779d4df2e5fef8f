package gemma2.math;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Objects;
import java.util.OptionalLong;

/**
 * A weight matrix in the form it was stored in, usually a part of a mapped file: {@code rows} rows
 * of {@code columns} numbers, row after row, each of whole blocks. Immutable and safe to share
 * between threads.
 */
public record Matrix(MemorySegment data, Dtype dtype, int rows, int columns) {

  private static final ValueLayout.OfLong WORD =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  public Matrix {
    long wanted = Math.multiplyExact(dtype.bytes(columns), rows);
    if (data.byteSize() != wanted) {
      throw new IllegalArgumentException(
          "A %s matrix of %d x %d takes %d bytes, not %d."
              .formatted(dtype, rows, columns, wanted, data.byteSize()));
    }
  }

  /** Writes row {@code row} as floats to {@code out}, from {@code out[at]} on. */
  public void widen(int row, float[] out, int at) {
    widen(row, 0, columns, MemorySegment.ofArray(out), 4L * at);
  }

  /**
   * Writes a part of a row as floats in native order to {@code out}, from byte {@code at} on.
   *
   * @param column where the part begins, a multiple of the dtype's block length
   * @param count how many numbers it has: a multiple of the block length too
   */
  public void widen(int row, int column, int count, MemorySegment out, long at) {
    Objects.checkFromIndexSize(column, count, columns);
    int block = dtype.blockLength();
    if (column % block != 0 || count % block != 0) {
      throw new IllegalArgumentException(
          "%s columns %d to %d are no whole blocks of %d."
              .formatted(dtype, column, column + count, block));
    }
    dtype.widen(data, (long) row * columns + column, count, out, at);
  }

  /**
   * The index, counted over the whole matrix, of the first NaN or infinity; of numbers in blocks,
   * that of the first block with such a scale.
   */
  public OptionalLong firstNonFinite() {
    long count = (long) rows * columns;
    return dtype.hasScales() ? firstNonFiniteScale(count) : firstNonFiniteNumber(count);
  }

  private OptionalLong firstNonFiniteScale(long count) {
    for (long first = 0; first < count; first += dtype.blockLength()) {
      if (!dtype.hasFiniteScales(data, first)) {
        return OptionalLong.of(first);
      }
    }
    return OptionalLong.empty();
  }

  private OptionalLong firstNonFiniteNumber(long count) {
    long perWord = 8 / dtype.blockBytes();
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
