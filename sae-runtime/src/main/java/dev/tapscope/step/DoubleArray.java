package dev.tapscope.step;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Doubles outside the heap, in rows of one width, all zero at first.
 *
 * @param width values per row
 */
record DoubleArray(MemorySegment values, int width) {
  private static final long ALIGNMENT = 64;

  static DoubleArray zeros(Arena arena, int rows, int width) {
    return new DoubleArray(arena.allocate(8L * rows * width, ALIGNMENT), width);
  }

  double get(int row, int column) {
    return values.getAtIndex(ValueLayout.JAVA_DOUBLE, (long) row * width + column);
  }

  void set(int row, int column, double value) {
    values.setAtIndex(ValueLayout.JAVA_DOUBLE, (long) row * width + column, value);
  }

  /** The sum of a row's values times those of a vector, in index order. */
  double dot(int row, double[] vector) {
    double sum = 0;
    for (int i = 0; i < width; i++) {
      sum += get(row, i) * vector[i];
    }
    return sum;
  }

  /** The sum of a row's squares. */
  double squares(int row) {
    double sum = 0;
    for (int i = 0; i < width; i++) {
      sum += get(row, i) * get(row, i);
    }
    return sum;
  }

  /** Adds {@code factor} times a row to a vector. */
  void addRow(int row, double factor, double[] vector) {
    for (int i = 0; i < width; i++) {
      vector[i] += factor * get(row, i);
    }
  }

  /** All values, copied. */
  double[] copy() {
    return values.toArray(ValueLayout.JAVA_DOUBLE);
  }
}
