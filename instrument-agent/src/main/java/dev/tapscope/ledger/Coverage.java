package dev.tapscope.ledger;

import dev.tapscope.tap.Address;
import dev.tapscope.tap.Pass;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * What one pass has shown so far. Made on the thread of the pass, whose fires take no lock: it is
 * also the thread that asks, once the pass is over. The pass's other threads may fire at any time.
 */
public final class Coverage {
  private final Pass pass;
  private final Thread thread = Thread.currentThread();
  private final boolean watched;
  private final Map<Address, Shown> shownHere = new HashMap<>();
  private final Map<Address, Shown> shownElsewhere = new HashMap<>(); // behind this lock
  private final Set<Integer> skippedLayers = new TreeSet<>(); // behind this lock

  /**
   * @param watched whether any thread may ask before the pass is over; then all fires take the lock
   */
  public Coverage(Pass pass, boolean watched) {
    this.pass = pass;
    this.watched = watched;
  }

  /** What one address has shown. */
  static final class Shown {
    private final BitSet positions = new BitSet();
    private long fires;
    private long rows;
    private long count;

    private void saw(int from, int covered, int made) {
      fires++;
      rows += made;
      count += covered;
      positions.set(from, from + covered);
    }

    private void add(Shown more) {
      fires += more.fires;
      rows += more.rows;
      count += more.count;
      positions.or(more.positions);
    }

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

  /** Whether it may be asked before the pass is over. */
  public boolean watched() {
    return watched;
  }

  /**
   * Records one fire.
   *
   * @param first absolute position of the first row
   * @param positions how many positions it shows
   * @param rows how many rows: positions, or positions times heads
   * @return false, and nothing is recorded, when some of the positions are not of this pass
   */
  public boolean saw(Address address, int first, int positions, int rows) {
    int from = first - pass.start();
    if (from < 0 || from > pass.rows() - positions) {
      return false;
    }
    if (!watched && Thread.currentThread() == thread) {
      at(address, shownHere).saw(from, positions, rows);
    } else {
      synchronized (this) {
        at(address, shownElsewhere).saw(from, positions, rows);
      }
    }
    return true;
  }

  private static Shown at(Address address, Map<Address, Shown> among) {
    Shown known = among.get(address);
    if (known != null) {
      return known;
    }
    Shown shown = new Shown();
    among.put(address, shown);
    return shown;
  }

  /** A block of a layer is left out; what does not show there is not missed. */
  public synchronized void skipped(int layer) {
    skippedLayers.add(layer);
  }

  /** A copy, in the order of addresses. */
  synchronized Map<Address, Shown> shown() {
    Map<Address, Shown> all = new TreeMap<>();
    Stream.of(shownHere, shownElsewhere)
        .forEach(shown -> shown.forEach((address, part) -> at(address, all).add(part)));
    return all;
  }

  private Optional<Shown> shown(Address address) {
    Shown here = shownHere.get(address);
    Shown elsewhere = shownElsewhere.get(address);
    if (here == null || elsewhere == null) {
      return Optional.ofNullable(here == null ? elsewhere : here);
    }
    Shown both = new Shown();
    both.add(here);
    both.add(elsewhere);
    return Optional.of(both);
  }

  /** Whether an address did not show because its block was left out. */
  synchronized boolean excused(Address address) {
    return address.layered() && skippedLayers.contains(address.layer());
  }

  synchronized boolean fired(Address address) {
    return shown(address).isPresent();
  }

  /** Whether each position of the pass was shown exactly once. */
  synchronized boolean complete(Address address) {
    return shown(address)
        .filter(s -> s.count == pass.rows() && s.positions.cardinality() == pass.rows())
        .isPresent();
  }

  /** What is wrong with an address that is not complete, in words. */
  synchronized String gap(Address address) {
    return shown(address).map(this::gap).orElse("it did not fire");
  }

  private String gap(Shown shown) {
    int missing = pass.rows() - shown.positions.cardinality();
    if (missing > 0) {
      int first = pass.start() + shown.positions.nextClearBit(0);
      return "it showed "
          + shown.positions.cardinality()
          + " of "
          + pass.rows()
          + " positions, the first missing one is "
          + first;
    }
    return "it showed "
        + pass.rows()
        + " positions in "
        + shown.count
        + " rows, some of them twice";
  }
}
