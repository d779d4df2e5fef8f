package dev.tapscope.train;

import dev.tapscope.step.Batch;
import dev.tapscope.store.RowSource;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;

/**
 * Rows made of a known dictionary: each is the sum of a few of its directions, which are of unit
 * length, with coefficients between 0.5 and 1.5. Row {@code n} depends on the seed and {@code n}
 * alone.
 *
 * @param active mean number of directions in a row
 */
final class PlantedRows implements RowSource {
  private final int width;
  private final int features;
  private final double active;
  private final long seed;
  private final double[][] directions;
  private final Arena arena = Arena.ofShared();
  private MemorySegment buffer = MemorySegment.NULL;
  private long at;

  PlantedRows(int width, int features, double active, long seed) {
    this.width = width;
    this.features = features;
    this.active = active;
    this.seed = seed;
    directions = new double[features][width];
    SplittableRandom random = new SplittableRandom(seed);
    for (double[] direction : directions) {
      double square = 0;
      for (int i = 0; i < width; i++) {
        direction[i] = random.nextDouble(-1, 1) + random.nextDouble(-1, 1);
        square += direction[i] * direction[i];
      }
      for (int i = 0; i < width; i++) {
        direction[i] /= Math.sqrt(square);
      }
    }
  }

  /** The true directions, {@code [features][width]}. */
  double[][] directions() {
    return directions;
  }

  @Override
  public int inputs() {
    return width;
  }

  @Override
  public int outputs() {
    return width;
  }

  @Override
  public long rows() {
    return 20_000;
  }

  @Override
  public Batch next(int rows) {
    if (buffer.byteSize() < 4L * rows * width) {
      buffer = arena.allocate(4L * rows * width, 64);
    }
    MemorySegment x = buffer.asSlice(0, 4L * rows * width);
    for (int r = 0; r < rows; r++) {
      double[] row = row(at++);
      for (int i = 0; i < width; i++) {
        x.setAtIndex(ValueLayout.JAVA_FLOAT, (long) r * width + i, (float) row[i]);
      }
    }
    return new Batch(x, x, rows);
  }

  private double[] row(long number) {
    SplittableRandom random = new SplittableRandom(seed * 31 + number % rows());
    double[] row = new double[width];
    for (double[] direction : directions) {
      if (random.nextDouble() < active / features) {
        double coefficient = random.nextDouble(0.5, 1.5);
        for (int i = 0; i < width; i++) {
          row[i] += coefficient * direction[i];
        }
      }
    }
    return row;
  }

  @Override
  public String place() {
    return Long.toString(at);
  }

  @Override
  public void seek(String place) {
    at = Long.parseLong(place);
  }

  @Override
  public void close() {
    arena.close();
  }
}
