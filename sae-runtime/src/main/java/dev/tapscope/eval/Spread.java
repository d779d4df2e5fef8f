package dev.tapscope.eval;

/**
 * {@code sum ||x - mean(x)||^2} over rows, taken in one pass: sums about the first row, in double
 * precision, so that a mean that is far from zero costs no digits. Not thread-safe.
 */
final class Spread {
  private double[] shift = {};
  private double[] sums = {};
  private double squares;
  private long rows;

  /** Adds {@code row[at .. at + width)}; every row has the same width. */
  void add(float[] row, int at, int width) {
    if (rows == 0) {
      shift = new double[width];
      sums = new double[width];
      for (int j = 0; j < width; j++) {
        shift[j] = row[at + j];
      }
    }
    for (int j = 0; j < width; j++) {
      double value = row[at + j] - shift[j];
      sums[j] += value;
      squares += value * value;
    }
    rows++;
  }

  double aboutTheMean() {
    double ofMean = 0;
    for (double sum : sums) {
      ofMean += sum / rows * sum;
    }
    return squares - ofMean;
  }
}
