package dev.tapscope.run;

import dev.tapscope.rows.Rows;
import dev.tapscope.tap.Activation;
import dev.tapscope.tap.Address;
import dev.tapscope.tap.Pass;
import dev.tapscope.tap.Phase;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Map;
import java.util.TreeMap;

/**
 * The view one hook gets of one fire. It knows which rows the hook has written, so that they can be
 * put back, and refuses to work once the callback is over.
 */
final class BorrowedActivation implements Activation {
  private static final VarHandle OVER;

  static {
    try {
      OVER = MethodHandles.lookup().findVarHandle(BorrowedActivation.class, "over", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Address address;
  private final PassScope scope;
  private final Pass pass;
  private final int first;
  private final Lent lent;
  private final Object tensor;
  private final Phase phase;
  private final Rows shownRows;
  private Rows rows;
  private Thread thread = Thread.currentThread();
  private Map<Integer, float[]> before = Map.of();
  private volatile boolean over;

  BorrowedActivation(
      Address address, PassScope scope, Pass pass, int first, Lent lent, Phase phase) {
    this.address = address;
    this.scope = scope;
    this.pass = pass;
    this.first = first;
    this.lent = lent;
    this.tensor = lent.tensor();
    this.shownRows = lent.rows();
    this.rows = lent.rows();
    this.phase = phase;
  }

  /** Whether its pass was begun on a thread. */
  boolean isOfPassOn(Thread other) {
    return scope.thread == other;
  }

  /** Hands it to another thread, while its own waits. */
  void handTo(Thread other) {
    thread = other;
  }

  /** Ends the callback. */
  void end() {
    OVER.setRelease(this, true); // no fence: a fire has little time
  }

  /** Undoes every write and every replacement. */
  void putBack() {
    before.forEach(shownRows::write);
    if (lent.tensor() != tensor) {
      lent.restore(tensor, shownRows);
    }
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
  public void read(int row, float[] into, int at) {
    check();
    rows.read(row, into, at);
  }

  @Override
  public void write(int row, float[] from) {
    check();
    mayWrite();
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
    if (!rows.writable(row)) {
      throw new IllegalStateException(
          "Row "
              + row
              + " of "
              + address
              + " lies in a read-only buffer and cannot be changed there. Tap the value where the"
              + " model still fills it, or replace it as a whole.");
    }
    if (rows == shownRows && !before.containsKey(row)) {
      float[] model = new float[width];
      rows.read(row, model);
      if (before.isEmpty()) {
        before = new TreeMap<>();
      }
      before.put(row, model);
    }
    rows.write(row, from);
  }

  @Override
  public Object tensor() {
    check();
    return lent.tensor();
  }

  @Override
  public void replace(Object other) {
    check();
    mayWrite();
    lent.replace(other);
    rows = lent.rows();
  }

  private void mayWrite() {
    if (!phase.mayWrite()) {
      throw new IllegalStateException(
          "A hook in phase "
              + phase
              + " changed "
              + address
              + "; only hooks in REPLACE and SPLICE may write.");
    }
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
