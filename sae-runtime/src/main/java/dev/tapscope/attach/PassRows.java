package dev.tapscope.attach;

import dev.tapscope.kernel.SparseRows;
import dev.tapscope.tap.Pass;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The rows an SAE has encoded in one pass, by position, until the pass ends. Used by the thread of
 * the pass alone.
 */
final class PassRows {
  /**
   * One encoded row.
   *
   * @param fire what was encoded together
   * @param row its number in there
   */
  record Encoded(Fire fire, int row) {}

  /** The rows of one fire: their features, and their reconstructions {@code [rows, d_out]}. */
  @SuppressWarnings("ArrayRecordComponent") // shared by the rows of a fire, never compared
  record Fire(SparseRows features, float[] reconstructions) {}

  final Pass pass;
  private final NavigableMap<Integer, Encoded> rows = new TreeMap<>();
  private int compared;
  private long tokens;
  private long active;
  private double errorSquares;
  private double rowSquares;

  PassRows(Pass pass) {
    this.pass = pass;
  }

  void encoded(int position, Fire fire, int row) {
    rows.put(position, new Encoded(fire, row));
    if (!pass.isBos(position)) {
      tokens++;
      active += fire.features().count(row);
    }
  }

  Optional<Encoded> at(int position) {
    return Optional.ofNullable(rows.get(position));
  }

  NavigableMap<Integer, Encoded> rows() {
    return rows;
  }

  /** Compares a row of the site with its reconstruction, from {@code at} on. */
  void compare(int position, float[] row, int width, float[] reconstruction, int at) {
    compared++;
    if (pass.isBos(position)) {
      return;
    }
    for (int j = 0; j < width; j++) {
      double error = (double) row[j] - reconstruction[at + j];
      errorSquares += error * error;
      rowSquares += (double) row[j] * row[j];
    }
  }

  /** Rows that were encoded and never compared with what the model computes instead. */
  int open() {
    return rows.size() - compared;
  }

  void addTo(Tally tally) {
    tally.add(tokens, active, errorSquares, rowSquares);
  }
}
