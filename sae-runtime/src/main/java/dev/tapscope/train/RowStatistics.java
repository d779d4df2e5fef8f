package dev.tapscope.train;

import dev.tapscope.step.Batch;
import dev.tapscope.store.RowSource;
import dev.tapscope.tap.TapscopeException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Moments of one epoch of rows, summed in the order in which they come, which their seed decides.
 *
 * @param inputSquare mean of {@code ||x||^2}
 * @param outputSquare mean of {@code ||y||^2}
 * @param outputMean mean of {@code y}, {@code [d_out]}
 */
record RowStatistics(double inputSquare, double outputSquare, double[] outputMean) {
  private static final int ROWS = 1024;

  /**
   * Reads an epoch and goes back to where the source stood.
   *
   * @param site for the sentence that says what is wrong
   */
  static RowStatistics of(String site, RowSource source) {
    String place = source.place();
    double inputSquare = 0;
    double outputSquare = 0;
    double[] sums = new double[source.outputs()];
    long left = source.rows();
    while (left > 0) {
      Batch batch = source.next((int) Math.min(ROWS, left));
      left -= batch.rows();
      inputSquare += square(batch.x(), (long) batch.rows() * source.inputs());
      outputSquare += square(batch.y(), (long) batch.rows() * source.outputs());
      add(batch, sums);
    }
    source.seek(place);
    double rows = source.rows();
    RowStatistics statistics =
        new RowStatistics(
            inputSquare / rows,
            outputSquare / rows,
            Arrays.stream(sums).map(s -> s / rows).toArray());
    statistics.check(site);
    return statistics;
  }

  private void check(String site) {
    if (!(inputSquare > 0 && outputSquare > 0)
        || !Double.isFinite(inputSquare)
        || !Double.isFinite(outputSquare)) {
      throw TapscopeException.failed(
          "rows-degenerate",
          "The rows of %s have mean square norms %s and %s; they can be trained on only where these are finite and above 0. Look at the store with tapscope harvest verify, or harvest another site."
              .formatted(site, inputSquare, outputSquare));
    }
  }

  Scaling scaling() {
    return new Scaling((float) Math.sqrt(inputSquare), (float) Math.sqrt(outputSquare));
  }

  private static double square(MemorySegment values, long count) {
    double sum = 0;
    for (long i = 0; i < count; i++) {
      double value = values.getAtIndex(ValueLayout.JAVA_FLOAT, i);
      sum += value * value;
    }
    return sum;
  }

  private static void add(Batch batch, double[] sums) {
    for (long r = 0; r < batch.rows(); r++) {
      for (int i = 0; i < sums.length; i++) {
        sums[i] += batch.y().getAtIndex(ValueLayout.JAVA_FLOAT, r * sums.length + i);
      }
    }
  }
}
