package dev.tapscope.cuda;

import java.util.Arrays;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * The pairs of a batch on the host, to be held against double precision: row {@code r} has {@code
 * counts[r]} of them from {@code starts[r]} on.
 */
record Lists(int[] starts, int[] counts, int[] features, float[] z) {
  /** No farther from its threshold than this, over {@code |x||w|}, a feature may be either. */
  private static final double UNDECIDED = 1e-5;

  /** Of z in single precision, over {@code |x||w|}. */
  private static final double ERROR = 1e-6;

  /** Rounding of half precision, relative. */
  private static final double HALF = 0x1p-11;

  /**
   * What double precision has for a row and a feature.
   *
   * @param size {@code |x||w|}, without the bias
   */
  record Pair(double z, double size, double threshold) {}

  /** A row in double precision. */
  interface Row {
    Pair pair(int feature);

    /** Root of the sum of {@code (x w)^2}: what errors of single products add up to. */
    double spread(int feature);
  }

  /**
   * @param wrongGates pairs that are there and should not be, or the other way around
   * @param undecided pairs that were left out, since their z is too close to the threshold
   * @param listed pairs that are there
   * @param largest difference of a z, over {@code |x||w|}
   * @param squares sum over what is there of squared differences, each over its spread
   */
  record Errors(long wrongGates, long undecided, long listed, double largest, double squares) {
    Errors and(Errors other) {
      return new Errors(
          wrongGates + other.wrongGates,
          undecided + other.undecided,
          listed + other.listed,
          Math.max(largest, other.largest),
          squares + other.squares);
    }

    /**
     * Difference of a z that is made of halves, in the roundings of a half; NaN where nothing is
     * there. A value's rounding is evenly spread between -HALF and HALF of it at most, a third of
     * the square, and there are two factors: no more than {@link #MOST_ROUNDINGS} is expected.
     */
    double roundings() {
      return Math.sqrt(squares / listed) / HALF;
    }
  }

  /** See {@link Errors#roundings}. */
  private static final double MOST_ROUNDINGS = Math.sqrt(2.0 / 3);

  /**
   * How far a product of halves may be off, over {@code |x||w|}: roundings of both factors, the sum
   * on tensor cores ({@code screen.cuh}), and the little that comes after.
   */
  private static double errorOfHalves(int inputs) {
    return HALF * (2 + HALF) + inputs * 0x1p-22 + 0x1p-20;
  }

  /**
   * More pairs than this cannot be closer to their thresholds than {@code reach |x||w|} by chance:
   * {@code z / |x||w|} of random rows has a spread of {@code 1 / sqrt(d)} and a density of at most
   * {@code 0.4 sqrt(d)}. Twice what that gives, and some for batches of few pairs.
   */
  private static double mostUndecided(double pairs, int inputs, double reach) {
    return 10 + 2 * pairs * (2 * reach * 0.4 * Math.sqrt(inputs));
  }

  static Lists of(ActiveLists lists) {
    int[] counts = new int[lists.rows()];
    Arrays.setAll(counts, row -> lists.starts()[row + 1] - lists.starts()[row]);
    return new Lists(lists.starts(), counts, lists.features(), lists.values());
  }

  /**
   * What is not 0.
   *
   * @param f {@code [rows, F]}
   */
  static Lists of(float[] f, int rows) {
    int features = f.length / rows;
    int[] starts = new int[rows];
    int[] counts = new int[rows];
    int[] listed = new int[f.length];
    float[] values = new float[f.length];
    for (int row = 0; row < rows; row++) {
      starts[row] = row * features;
      for (int k = 0; k < features; k++) {
        float value = f[row * features + k];
        if (value != 0) {
          listed[starts[row] + counts[row]] = k;
          values[starts[row] + counts[row]] = value;
          counts[row]++;
        }
      }
    }
    return new Lists(starts, counts, listed, values);
  }

  static Lists download(Gpu gpu, Pairs pairs, int rows) {
    try (Gathering gathering = new Gathering(gpu)) {
      return of(gathering.download(pairs, pairs.downloadCounts(rows)));
    }
  }

  /**
   * Holds every {@code step}th row to what its precision promises: with {@link Precision#EXACT} the
   * gates of double precision wherever they are not {@link #UNDECIDED}, and z to 1e-6 of {@code
   * |x||w|}; with {@link Precision#FAST} what halves can be held to.
   *
   * @param expected what a row's pairs are, in double precision
   * @param of of what, for the names of measures
   */
  Errors check(
      Measures measures,
      Precision precision,
      int step,
      int inputs,
      int features,
      IntFunction<Row> expected,
      String of) {
    boolean fast = precision == Precision.FAST;
    double reach = fast ? errorOfHalves(inputs) : UNDECIDED;
    Errors errors = compare(step, features, reach, expected);
    double pairs = (double) features * Math.ceilDiv(counts.length, step);
    if (fast) {
      measures.add("pairs" + of, pairs);
      measures.add("gates too close to call" + of, errors.undecided());
      measures.check("roundings of halves" + of, errors.roundings(), MOST_ROUNDINGS);
    }
    measures.check(
        "gates too close to call" + of, errors.undecided(), mostUndecided(pairs, inputs, reach));
    measures.check(Names.WRONG_GATES.text() + of, errors.wrongGates(), 0);
    measures.check(Names.ERROR_OF_Z.text() + of, errors.largest(), fast ? reach : ERROR);
    return errors;
  }

  /**
   * Compares every {@code step}th row.
   *
   * @param features F
   * @param reach over {@code |x||w|}: gates this close to their threshold are left out
   * @param expected what a row's pairs are, in double precision
   */
  private Errors compare(int step, int features, double reach, IntFunction<Row> expected) {
    return IntStream.range(0, counts.length)
        .filter(row -> row % step == 0)
        .parallel()
        .mapToObj(row -> compareRow(row, features, reach, expected.apply(row)))
        .reduce(new Errors(0, 0, 0, 0, 0), Errors::and);
  }

  private Errors compareRow(int row, int ofAll, double reach, Row expected) {
    long wrong = 0;
    long undecided = 0;
    double largest = 0;
    double squares = 0;
    int at = starts[row];
    int end = at + counts[row];
    for (int f = 0; f < ofAll; f++) {
      Pair pair = expected.pair(f);
      double above = pair.z() - pair.threshold();
      boolean listed = at < end && features[at] == f;
      if (Math.abs(above) <= reach * pair.size()) {
        undecided++;
      } else if (listed != above > 0) {
        wrong++;
      }
      if (listed) {
        double error = z[at] - pair.z();
        double size = Math.abs(error) / pair.size();
        largest = size > largest || Double.isNaN(size) ? size : largest;
        squares += Math.pow(error / expected.spread(f), 2);
        at++;
      }
    }
    // What is left in the list is out of order or listed twice.
    return new Errors(wrong + end - at, undecided, counts[row], largest, squares);
  }
}
