package dev.tapscope.train;

import dev.tapscope.step.Batch;
import dev.tapscope.store.RowSource;

/**
 * The rows of another source.
 *
 * @param heard is told of every batch before it is drawn
 */
public record HeardRows(RowSource rowsOf, Runnable heard) implements RowSource {
  @Override
  public int inputs() {
    return rowsOf.inputs();
  }

  @Override
  public int outputs() {
    return rowsOf.outputs();
  }

  @Override
  public long rows() {
    return rowsOf.rows();
  }

  @Override
  public Batch next(int rows) {
    heard.run();
    return rowsOf.next(rows);
  }

  @Override
  public String place() {
    return rowsOf.place();
  }

  @Override
  public void seek(String place) {
    rowsOf.seek(place);
  }

  @Override
  public void close() {
    rowsOf.close();
  }
}
