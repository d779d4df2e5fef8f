package dev.tapscope.run;

import dev.tapscope.rows.Rows;
import dev.tapscope.tap.Activation;
import dev.tapscope.tap.Address;
import dev.tapscope.tap.Pass;
import dev.tapscope.tap.Phase;
import java.util.Map;
import java.util.TreeMap;

/**
 * The view one hook gets of one fire. It knows which rows the hook has written, so that they can be
 * put back, and refuses to work once the callback is over.
 */
final class BorrowedActivation implements Activation {
  private final Address address;
  private final Pass pass;
  private final int first;
  private final Rows rows;
  private final Phase phase;
  private final Thread thread = Thread.currentThread();
  private final Map<Integer, float[]> before = new TreeMap<>();
  private boolean over;

  BorrowedActivation(Address address, Pass pass, int first, Rows rows, Phase phase) {
    this.address = address;
    this.pass = pass;
    this.first = first;
    this.rows = rows;
    this.phase = phase;
  }

  /** Ends the callback. */
  void end() {
    over = true;
  }

  /** Undoes every write. */
  void putBack() {
    before.forEach(rows::write);
  }

  @Override
  public Address address() {
    return address;
  }

  @Override
  public Pass pass() {
    return pass;
  }

  @Override
  public int rows() {
    check();
    return rows.rows();
  }

  @Override
  public int width(int row) {
    check();
    return rows.width(row);
  }

  @Override
  public int position(int row) {
    check();
    return first + rows.position(row);
  }

  @Override
  public int head(int row) {
    check();
    return rows.head(row);
  }

  @Override
  public int firstKey(int row) {
    check();
    return rows.head(row) == Rows.NO_HEAD ? -1 : position(row) - rows.width(row) + 1;
  }

  @Override
  public void read(int row, float[] into) {
    check();
    rows.read(row, into);
  }

  @Override
  public void write(int row, float[] from) {
    check();
    if (!phase.mayWrite()) {
      throw new IllegalStateException(
          "A hook in phase "
              + phase
              + " wrote a row of "
              + address
              + "; only hooks in REPLACE and SPLICE may write.");
    }
    int width = rows.width(row);
    if (from.length < width) {
      throw new IllegalArgumentException(
          "A row of "
              + address
              + " has "
              + width
              + " values, and "
              + from.length
              + " were given to be written.");
    }
    if (!before.containsKey(row)) {
      float[] model = new float[width];
      rows.read(row, model);
      before.put(row, model);
    }
    rows.write(row, from);
  }

  private void check() {
    if (over || Thread.currentThread() != thread) {
      throw new IllegalStateException(
          "The activation of "
              + address
              + " was used after its callback or on another thread. It is a view of the model's own"
              + " buffer: copy the rows that are to be kept.");
    }
  }
}
