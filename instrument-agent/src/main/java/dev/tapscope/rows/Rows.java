package dev.tapscope.rows;

/**
 * The rows of one tapped value. Rows of a dense value belong to successive positions; rows of an
 * attention value to successive positions and, within each, successive heads.
 *
 * <p>Reading copies out of the model, writing goes into the model's own storage. Not thread-safe:
 * made for one fire on one thread.
 */
public interface Rows {
  /** {@link #head} of a row that belongs to no head. */
  int NO_HEAD = -1;

  int rows();

  int width(int row);

  /** Number of the position within this value a row belongs to, from 0. */
  default int position(int row) {
    return row;
  }

  /** Number of positions in this value. */
  default int positions() {
    return rows();
  }

  default int head(int row) {
    return NO_HEAD;
  }

  /** Copies a row into the first {@code width(row)} places of {@code into}. */
  void read(int row, float[] into);

  /** Copies a row into {@code width(row)} places of {@code into}, from {@code at} on. */
  default void read(int row, float[] into, int at) {
    float[] values = new float[width(row)];
    read(row, values);
    System.arraycopy(values, 0, into, at, values.length);
  }

  /** Whether a row can be written where it lies: not where the model itself may only read it. */
  default boolean writable(int row) {
    return true;
  }

  /** Writes the first {@code width(row)} values of {@code from} into a {@link #writable} row. */
  void write(int row, float[] from);
}
