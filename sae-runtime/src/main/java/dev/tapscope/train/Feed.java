package dev.tapscope.train;

import dev.tapscope.step.Batch;
import dev.tapscope.store.RowSource;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The scaled rows of one site, which all SAEs of that site take the same steps on. */
final class Feed implements AutoCloseable {
  private static final int ALIGNMENT = 64;

  private final RowSource source;
  private final Scaling scaling;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment x;
  private MemorySegment y = MemorySegment.NULL;
  private Batch batch;

  Feed(RowSource source, Scaling scaling, int rows) {
    this.source = source;
    this.scaling = scaling;
    x = arena.allocate(4L * rows * source.inputs(), ALIGNMENT);
    batch = new Batch(x, x, rows);
  }

  Scaling scaling() {
    return scaling;
  }

  String place() {
    return source.place();
  }

  void seek(String place) {
    source.seek(place);
  }

  /** The next rows, in buffers that the next call uses again. */
  Batch next() {
    Batch raw = source.next(batch.rows());
    divide(raw.x(), scaling.input(), x);
    if (raw.y().equals(raw.x())) {
      batch = new Batch(x, x, batch.rows());
    } else {
      if (y.byteSize() == 0) {
        y = arena.allocate(raw.y().byteSize(), ALIGNMENT);
      }
      divide(raw.y(), scaling.output(), y);
      batch = new Batch(x, y, batch.rows());
    }
    return batch;
  }

  private static void divide(MemorySegment from, float by, MemorySegment into) {
    long count = into.byteSize() / 4;
    for (long i = 0; i < count; i++) {
      into.setAtIndex(ValueLayout.JAVA_FLOAT, i, from.getAtIndex(ValueLayout.JAVA_FLOAT, i) / by);
    }
  }

  /** Mean over the last batch of {@code ||y - mean(y)||^2}, the mean being that batch's. */
  double variance() {
    int width = source.outputs();
    double[] mean = new double[width];
    for (long r = 0; r < batch.rows(); r++) {
      for (int i = 0; i < width; i++) {
        mean[i] += batch.y().getAtIndex(ValueLayout.JAVA_FLOAT, r * width + i);
      }
    }
    for (int i = 0; i < width; i++) {
      mean[i] /= batch.rows();
    }
    double sum = 0;
    for (long r = 0; r < batch.rows(); r++) {
      for (int i = 0; i < width; i++) {
        double off = batch.y().getAtIndex(ValueLayout.JAVA_FLOAT, r * width + i) - mean[i];
        sum += off * off;
      }
    }
    return sum / batch.rows();
  }

  @Override
  public void close() {
    arena.close();
    source.close();
  }
}
