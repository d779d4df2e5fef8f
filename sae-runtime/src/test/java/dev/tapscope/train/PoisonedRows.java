package dev.tapscope.train;

import dev.tapscope.step.Batch;
import dev.tapscope.store.RowSource;
import java.lang.foreign.ValueLayout;

/** The rows of another source, a NaN among those of one batch after the first seek. */
final class PoisonedRows implements RowSource {
  private final RowSource rows;
  private final int batch;
  private int left = Integer.MAX_VALUE;

  /**
   * @param batch which of them is spoilt, from 1, counted from the last seek
   */
  PoisonedRows(RowSource rows, int batch) {
    this.rows = rows;
    this.batch = batch;
  }

  @Override
  public int inputs() {
    return rows.inputs();
  }

  @Override
  public int outputs() {
    return rows.outputs();
  }

  @Override
  public long rows() {
    return rows.rows();
  }

  @Override
  public Batch next(int count) {
    Batch batch = rows.next(count);
    if (--left == 0) {
      batch.x().setAtIndex(ValueLayout.JAVA_FLOAT, 3, Float.NaN);
    }
    return batch;
  }

  @Override
  public String place() {
    return rows.place();
  }

  @Override
  public void seek(String place) {
    rows.seek(place);
    left = batch;
  }

  @Override
  public void close() {
    rows.close();
  }
}
