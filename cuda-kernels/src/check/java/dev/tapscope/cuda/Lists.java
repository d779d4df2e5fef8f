package dev.tapscope.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.IntStream;

/** The pairs of a batch on the host, to be held against double precision. */
record Lists(int capacity, int[] counts, int[] features, float[] z) {
  /** Closer to its threshold than this, over {@code |x||w|}, a feature may be either. */
  private static final double UNDECIDED = 1e-5;

  /**
   * @param wrongGates pairs that are there and should not be, or the other way around
   * @param largest difference of a z, over {@code |x||w|}
   */
  record Errors(long wrongGates, double largest) {
    Errors and(Errors other) {
      return new Errors(wrongGates + other.wrongGates, Math.max(largest, other.largest));
    }
  }

  static Lists download(Pairs pairs, int rows) {
    long entries = (long) rows * pairs.capacity();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment features = arena.allocate(4 * entries, 4);
      MemorySegment z = arena.allocate(4 * entries, 4);
      pairs.features().download(features);
      pairs.z().download(z);
      return new Lists(
          pairs.capacity(),
          pairs.downloadCounts(rows),
          features.toArray(ValueLayout.JAVA_INT),
          z.toArray(ValueLayout.JAVA_FLOAT));
    }
  }

  /**
   * Compares every {@code step}th row with {@code z = x W_enc^T} in double precision.
   *
   * @param encoder {@code [F, inputs]}
   * @param x {@code [rows, inputs]}
   */
  Errors compare(MemorySegment encoder, float[] thresholds, MemorySegment x, int inputs, int step) {
    return IntStream.range(0, counts.length)
        .filter(row -> row % step == 0)
        .parallel()
        .mapToObj(row -> compareRow(encoder, thresholds, x, inputs, row))
        .reduce(new Errors(0, 0), Errors::and);
  }

  private Errors compareRow(
      MemorySegment encoder, float[] thresholds, MemorySegment x, int inputs, int row) {
    double[] input = new double[inputs];
    double squaresOfX = 0;
    for (int i = 0; i < inputs; i++) {
      input[i] = x.getAtIndex(ValueLayout.JAVA_FLOAT, (long) row * inputs + i);
      squaresOfX += input[i] * input[i];
    }
    long wrong = 0;
    double largest = 0;
    int at = 0;
    for (int f = 0; f < thresholds.length; f++) {
      double sum = 0;
      double squares = 0;
      for (int i = 0; i < inputs; i++) {
        double w = encoder.getAtIndex(ValueLayout.JAVA_FLOAT, (long) f * inputs + i);
        sum += input[i] * w;
        squares += w * w;
      }
      double size = Math.sqrt(squaresOfX * squares);
      boolean listed = at < counts[row] && features[row * capacity + at] == f;
      boolean active = sum > thresholds[f];
      if (listed != active && Math.abs(sum - thresholds[f]) > UNDECIDED * size) {
        wrong++;
      }
      if (listed) {
        largest = Math.max(largest, Math.abs(z[row * capacity + at] - sum) / size);
        at++;
      }
    }
    // What is left in the list is out of order or listed twice.
    return new Errors(wrong + counts[row] - at, largest);
  }
}
