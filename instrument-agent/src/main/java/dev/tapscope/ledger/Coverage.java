package dev.tapscope.ledger;

import dev.tapscope.tap.Address;
import dev.tapscope.tap.Pass;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** What one pass has shown so far. Thread-safe: a pass may have several threads. */
public final class Coverage {
  private final Pass pass;
  private final Map<Address, Shown> shown = new HashMap<>();
  private final Set<Integer> skippedLayers = new TreeSet<>();

  public Coverage(Pass pass) {
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
   * @return false, and nothing is recorded, when some of the positions are not of this pass
   */
  public synchronized boolean saw(Address address, int first, int positions, int rows) {
    int from = first - pass.start();
    if (from < 0 || from > pass.rows() - positions) {
      return false;
    }
    Shown s = shown.get(address);
    if (s == null) {
      s = new Shown();
      shown.put(address, s);
    }
    s.fires++;
    s.rows += rows;
    s.count += positions;
    s.positions.set(from, from + positions);
    return true;
  }

  /** A block of a layer is left out; what does not show there is not missed. */
  public synchronized void skipped(int layer) {
    skippedLayers.add(layer);
  }

  /** A copy, in the order of addresses. */
  synchronized Map<Address, Shown> shown() {
    return new TreeMap<>(shown);
  }

  /** Whether an address did not show because its block was left out. */
  synchronized boolean excused(Address address) {
    return address.layered() && skippedLayers.contains(address.layer());
  }

  synchronized boolean fired(Address address) {
    return shown.containsKey(address);
  }

  /** Whether each position of the pass was shown exactly once. */
  synchronized boolean complete(Address address) {
    Shown s = shown.get(address);
    return s != null && s.count == pass.rows() && s.positions.cardinality() == pass.rows();
  }

  /** What is wrong with an address that is not complete, in words. */
  synchronized String gap(Address address) {
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
