package dev.tapscope.train;

import dev.tapscope.step.Batch;
import dev.tapscope.store.RowSource;

/** The rows of one source, to be turned into those of another. */
record PairedRows(RowSource from, RowSource to) implements RowSource {
  @Override
  public int inputs() {
    return from.inputs();
  }

  @Override
  public int outputs() {
    return to.outputs();
  }

  @Override
  public long rows() {
    return from.rows();
  }

  @Override
  public Batch next(int rows) {
    return new Batch(from.next(rows).x(), to.next(rows).y(), rows);
  }

  @Override
  public String place() {
    return from.place();
  }

  @Override
  public void seek(String place) {
    from.seek(place);
    to.seek(place);
  }

  @Override
  public void close() {
    from.close();
    to.close();
  }
}
