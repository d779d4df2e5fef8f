package dev.tapscope.tap;

/**
 * Rows appended to named tensors of the current shard. A tensor appears in a shard when its first
 * row is appended there. Calls between {@link #begin} and {@link #end} land in one shard.
 *
 * <p>Not thread-safe by itself: {@link #begin} locks the series for the calling thread until {@link
 * #end}.
 */
public interface ShardSeries {
  /** Starts a group of rows that must not be split over two shards. */
  void begin();

  /** Ends the group; may close the shard when it has reached its size. */
  void end();

  /** Appends one row of {@code width} values to the tensor {@code name} [rows, width]. */
  void floats(String name, String dtype, float[] row, int width);

  /** Appends {@code count} values to the 1-D F32 tensor {@code name}. */
  void values(String name, float[] values, int count);

  /** Appends {@code count} values to the 1-D I32 tensor {@code name}. */
  void ints(String name, int[] values, int count);

  /** Appends one row to the I64 tensor {@code name} [rows, row.length]. */
  void longs(String name, long... row);

  /**
   * Ends a row of the CSR pointer {@code name}, I64 [rows + 1]: the row has {@code count} entries.
   * Each shard's pointer starts at 0.
   */
  void pointer(String name, long count);
}
