package dev.tapscope.train;

import dev.tapscope.step.Batch;
import dev.tapscope.store.RowSource;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/** The rows of another source, but for one batch after the first seek. */
final class DisturbedRows implements RowSource {
  private final RowSource rows;
  private final int batch;
  private final UnaryOperator<Supplier<Batch>> disturbance;
  private int left = Integer.MAX_VALUE;

  /**
   * @param batch which of them is another, from 1, counted from the last seek
   * @param disturbance draws it in its own way
   */
  DisturbedRows(RowSource rows, int batch, UnaryOperator<Supplier<Batch>> disturbance) {
    this.rows = rows;
    this.batch = batch;
    this.disturbance = disturbance;
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
    Supplier<Batch> draw = () -> rows.next(count);
    return (--left == 0 ? disturbance.apply(draw) : draw).get();
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
