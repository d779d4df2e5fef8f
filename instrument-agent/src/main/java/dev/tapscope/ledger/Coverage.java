package dev.tapscope.ledger;

import dev.tapscope.tap.Address;
import dev.tapscope.tap.Pass;
import java.util.BitSet;
import java.util.Map;
import java.util.TreeMap;

/** What one pass has shown so far. Used by the thread of the pass only. */
public final class Coverage {
  private final Pass pass;
  private final Map<Address, Shown> shown = new TreeMap<>();

  Coverage(Pass pass) {
    this.pass = pass;
  }

  /** What one address has shown. */
  static final class Shown {
    private final BitSet positions = new BitSet();
    private long fires;
    private long rows;
    private long count;

    long fires() {
      return fires;
    }

    long rows() {
      return rows;
    }

    /** Positions shown, those shown twice counted twice. */
    long positions() {
      return count;
    }
  }

  public Pass pass() {
    return pass;
  }

  /**
   * Records one fire.
   *
   * @param first absolute position of the first row
   * @param positions how many positions it shows
   * @param rows how many rows: positions, or positions times heads
   */
  public void saw(Address address, int first, int positions, int rows) {
    Shown s = shown.computeIfAbsent(address, a -> new Shown());
    s.fires++;
    s.rows += rows;
    s.count += positions;
    s.positions.set(first - pass.start(), first - pass.start() + positions);
  }

  Map<Address, Shown> shown() {
    return shown;
  }

  /** Whether each position of the pass was shown exactly once. */
  boolean complete(Address address) {
    Shown s = shown.get(address);
    return s != null && s.count == pass.rows() && s.positions.cardinality() == pass.rows();
  }

  /** What is wrong with an address that is not complete, in words. */
  String gap(Address address) {
    Shown s = shown.get(address);
    if (s == null) {
      return "it did not fire";
    }
    int missing = pass.rows() - s.positions.cardinality();
    if (missing > 0) {
      int first = pass.start() + s.positions.nextClearBit(0);
      return "it showed "
          + s.positions.cardinality()
          + " of "
          + pass.rows()
          + " positions, the first missing one is "
          + first;
    }
    return "it showed " + pass.rows() + " positions in " + s.count + " rows, some of them twice";
  }
}
