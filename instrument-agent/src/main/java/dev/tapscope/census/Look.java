package dev.tapscope.census;

import dev.tapscope.rows.Rows;
import java.util.Arrays;

/**
 * What is kept of one tensor: of a few rows a few columns, and of these rows some figures taken
 * over all columns. Two tensors of one shape are looked at in the same places.
 *
 * @param rows number of rows; an attention value has one for each head of each position
 * @param positions number of positions the rows belong to
 * @param width of the last row
 * @param widths of the rows looked at
 * @param samples some columns of each of them
 * @param meanSquares of each of them
 * @param sums of each of them
 * @param least of each of them
 * @param greatest column of the greatest value of the last row
 * @param first the whole first position; empty where it is large or the tensor came late
 */
record Look(
    int rows,
    int positions,
    int width,
    int[] widths,
    float[][] samples,
    double[] meanSquares,
    double[] sums,
    float[] least,
    int greatest,
    float[] first) {
  private static final int ROWS = 6;
  private static final int COLUMNS = 64;
  private static final int LONGEST_FIRST = 1 << 15;

  /** Wider rows are weights, and too large to copy at every call. */
  static final int WIDEST = 1 << 20;

  /**
   * Looks at a tensor of at least one row, none wider than {@link #WIDEST}.
   *
   * @param withFirst whether the first position is kept whole
   */
  static Look at(Rows tensor, boolean withFirst) {
    int rows = tensor.rows();
    int[] chosen = spread(rows, ROWS);
    int[] widths = new int[chosen.length];
    float[][] samples = new float[chosen.length][];
    double[] meanSquares = new double[chosen.length];
    double[] sums = new double[chosen.length];
    float[] least = new float[chosen.length];
    int greatest = 0;
    for (int i = 0; i < chosen.length; i++) {
      float[] row = row(tensor, chosen[i]);
      widths[i] = row.length;
      int[] columns = spread(row.length, COLUMNS);
      samples[i] = new float[columns.length];
      for (int j = 0; j < columns.length; j++) {
        samples[i][j] = row[columns[j]];
      }
      double squares = 0;
      greatest = 0;
      least[i] = Float.POSITIVE_INFINITY;
      for (int j = 0; j < row.length; j++) {
        squares += (double) row[j] * row[j];
        sums[i] += row[j];
        least[i] = Math.min(least[i], row[j]);
        greatest = row[j] > row[greatest] ? j : greatest;
      }
      meanSquares[i] = row.length == 0 ? 0 : squares / row.length;
    }
    float[] first = withFirst ? first(tensor) : new float[0];
    return new Look(
        rows,
        tensor.positions(),
        tensor.width(rows - 1),
        widths,
        samples,
        meanSquares,
        sums,
        least,
        greatest,
        first);
  }

  private static float[] row(Rows tensor, int row) {
    float[] values = new float[tensor.width(row)];
    tensor.read(row, values);
    return values;
  }

  private static float[] first(Rows tensor) {
    float[] whole = new float[0];
    for (int row = 0; row < tensor.rows() && tensor.position(row) == 0; row++) {
      if (whole.length + tensor.width(row) > LONGEST_FIRST) {
        return new float[0];
      }
      float[] more = row(tensor, row);
      int length = whole.length;
      whole = Arrays.copyOf(whole, length + more.length);
      System.arraycopy(more, 0, whole, length, more.length);
    }
    return whole;
  }

  /** Up to {@code most} of n places, the first and the last among them. */
  private static int[] spread(int n, int most) {
    int count = Math.min(n, most);
    int[] places = new int[count];
    for (int i = 0; i < count; i++) {
      places[i] = count == 1 ? 0 : (int) ((long) i * (n - 1) / (count - 1));
    }
    return places;
  }

  /** Floats held. */
  int size() {
    int size = first.length;
    for (float[] row : samples) {
      size += row.length + 6;
    }
    return size;
  }

  boolean sameShape(Look other) {
    return rows == other.rows && width == other.width && Arrays.equals(widths, other.widths);
  }

  boolean sameValues(Look other) {
    return sameShape(other) && Arrays.deepEquals(samples, other.samples);
  }

  /** Mean length of the rows looked at. */
  double norm() {
    double sum = 0;
    for (int i = 0; i < widths.length; i++) {
      sum += Math.sqrt(meanSquares[i] * widths[i]);
    }
    return sum / widths.length;
  }
}
