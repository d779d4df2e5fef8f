package dev.tapscope.kernel;

import java.util.Arrays;

/**
 * Active features of some rows in compressed sparse row form: row {@code r} owns the entries {@code
 * start(r) <= i < end(r)}, feature indices ascending. An entry is there because its gate was open,
 * never because its value differs from 0. Filled row after row; not thread-safe while being filled.
 */
public final class SparseRows {
  private int rows;
  private int[] ends;
  private int[] indices;
  private float[] values;

  public SparseRows() {
    this.ends = new int[16];
    this.indices = new int[1024];
    this.values = new float[1024];
  }

  /**
   * All rows at once.
   *
   * @param starts where each row's entries begin, and where the last one's end
   * @param indices features of the entries, ascending within a row
   */
  SparseRows(int[] starts, int[] indices, float[] values) {
    this.rows = starts.length - 1;
    this.ends = Arrays.copyOfRange(starts, 1, starts.length);
    this.indices = indices;
    this.values = values;
  }

  public int rows() {
    return rows;
  }

  /** Where each row's entries begin, and where the last one's end. */
  int[] starts() {
    int[] starts = new int[rows + 1];
    System.arraycopy(ends, 0, starts, 1, rows);
    return starts;
  }

  /** Features of all entries, and what is behind them. */
  int[] indices() {
    return indices;
  }

  /** Activations of all entries, and what is behind them. */
  float[] values() {
    return values;
  }

  public int start(int row) {
    return row == 0 ? 0 : ends[row - 1];
  }

  public int end(int row) {
    return ends[row];
  }

  /** Number of active features of a row. */
  public int count(int row) {
    return end(row) - start(row);
  }

  /** Feature of an entry. */
  public int index(int entry) {
    return indices[entry];
  }

  /** Activation of an entry. */
  public float value(int entry) {
    return values[entry];
  }

  /** Activation of a feature in a row, 0 when its gate was closed. */
  public float value(int row, int feature) {
    int at = find(row, feature);
    return at < 0 ? 0 : values[at];
  }

  /** Whether a feature's gate was open in a row. */
  public boolean active(int row, int feature) {
    return find(row, feature) >= 0;
  }

  /** Copies the features of a row. */
  public int[] indices(int row) {
    return Arrays.copyOfRange(indices, start(row), end(row));
  }

  /** Copies the activations of a row. */
  public float[] values(int row) {
    return Arrays.copyOfRange(values, start(row), end(row));
  }

  private int find(int row, int feature) {
    return Arrays.binarySearch(indices, start(row), end(row), feature);
  }

  /** Appends an entry to the row being filled. */
  public void add(int feature, float value) {
    int size = filled();
    if (size + pending == indices.length) {
      indices = Arrays.copyOf(indices, Math.max(1024, indices.length * 2));
      values = Arrays.copyOf(values, indices.length);
    }
    indices[size + pending] = feature;
    values[size + pending] = value;
    pending++;
  }

  private int pending;

  private int filled() {
    return rows == 0 ? 0 : ends[rows - 1];
  }

  /** Ends the row being filled. */
  public void endRow() {
    if (rows == ends.length) {
      ends = Arrays.copyOf(ends, Math.max(16, rows * 2));
    }
    ends[rows] = filled() + pending;
    rows++;
    pending = 0;
  }
}
