package dev.tapscope.cuda;

import java.util.List;

/**
 * Sizes that the check works with.
 *
 * @param inputs d
 * @param rows of a batch
 * @param features F of the measurements
 * @param widest F that has to fit in little memory
 * @param density from which on steps are dense; see {@link TrainingSettings}
 * @param repeats timed runs of each thing
 * @param curveSteps steps of the loss curve
 * @param curveBatches different batches of it
 * @param shapes of the comparisons with double precision: rows, d_in, F, d_out
 * @param copyBytes of the copy ceiling
 * @param square side of the matrix product ceiling
 */
record Scale(
    int inputs,
    int rows,
    List<Integer> features,
    int widest,
    double l0,
    double density,
    int repeats,
    int curveSteps,
    int curveBatches,
    List<Shape> shapes,
    long copyBytes,
    int square) {
  record Shape(int rows, int inputs, int features, int outputs) {
    @Override
    public String toString() {
      return "%d rows %d -> %d -> %d".formatted(rows, inputs, features, outputs);
    }
  }

  /** Input sets that are taken in turn, so that none stays in the cache. */
  static final int SETS = 3;

  /** What the goals are about. */
  static final Scale FULL =
      new Scale(
          2304,
          4096,
          List.of(16384, 65536),
          1 << 20,
          60,
          TrainingSettings.USUAL_DENSITY,
          30,
          500,
          16,
          List.of(
              new Shape(17, 96, 300, 96),
              new Shape(150, 768, 4096, 768),
              new Shape(48, 2304, 16384, 1024)),
          4L << 30,
          8192);

  /** For the emulated driver: that everything runs, and comes out right. */
  static final Scale TINY =
      new Scale(
          40,
          24,
          List.of(96, 160),
          192,
          8,
          TrainingSettings.NEVER_DENSE,
          2,
          12,
          3,
          List.of(new Shape(5, 40, 70, 40), new Shape(18, 64, 130, 64), new Shape(20, 24, 50, 16)),
          1 << 16,
          64);
}
