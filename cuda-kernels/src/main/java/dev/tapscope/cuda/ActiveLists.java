package dev.tapscope.cuda;

/**
 * Active features of some rows: row {@code r} has the entries {@code starts[r] <= i < starts[r +
 * 1]}, features ascending.
 *
 * @param starts one more than there are rows
 */
public record ActiveLists(int[] starts, int[] features, float[] values) {
  /** Number of rows. */
  public int rows() {
    return starts.length - 1;
  }
}
