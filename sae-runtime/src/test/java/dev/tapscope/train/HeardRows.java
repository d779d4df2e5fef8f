package dev.tapscope.train;

import dev.tapscope.step.Batch;
import dev.tapscope.store.RowSource;

/**
 * The rows of another source.
 *
 * @param heard is told of every batch before it is drawn
 */
public record HeardRows(RowSource source, Runnable heard) implements RowSource {
  @Override
  public int inputs() {
    return source.inputs();
  }

  @Override
  public int outputs() {
    return source.outputs();
  }

  @Override
  public long rows() {
    return source.rows();
  }

  @Override
  public Batch next(int rows) {
    heard.run();
    return source.next(rows);
  }

  @Override
  public String place() {
    return source.place();
  }

  @Override
  public void seek(String place) {
    source.seek(place);
  }

  @Override
  public void close() {
    source.close();
  }
}
