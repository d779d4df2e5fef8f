package dev.tapscope.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

final class EncoderTest {
  /** Where no gate may be wrong, of |x||w|. */
  private static final double UNDECIDED = 1e-5;

  /** Of a preactivation, of |x||w|; sums of some hundred products in single precision. */
  private static final double ERROR = 1e-6;

  private static final int NOT_FINITE = 1;
  private static final int OVERFLOW = 2;

  private Gpu gpu;

  @BeforeEach
  void open() {
    EmulatedDriver.require();
    gpu = Gpu.open();
  }

  @AfterEach
  void nothingIsLeft() {
    assertEquals(0, gpu.bytesInUse());
    assertEquals(0, EmulatedDriver.count("live-allocations"));
    gpu.close();
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, 1",
    "3, 5, 7",
    "16, 33, 100",
    "17, 16, 128",
    "18, 64, 129",
    "40, 70, 300",
    "129, 100, 257",
    "130, 260, 130",
    "300, 48, 515",
  })
  void keepsWhatDoublePrecisionKeeps(int rows, int inputs, int features) {
    EncoderProblem plain = EncoderProblem.random(rows + inputs, rows, inputs, features);
    requireRight(plain);
    requireRight(plain.withOffsets(7).withGate(0.05f, false));
    requireRight(plain.withGate(0.3f, true));
  }

  /** Each feature's threshold lies as close to one of the rows as it may without being in doubt. */
  @ParameterizedTest
  @ValueSource(ints = {40, 7})
  void gatesAreRightUpToTheEdgeOfDoubt(int rows) {
    EncoderProblem problem = EncoderProblem.random(17, rows, 300, 500).withOffsets(5);
    for (int f = 0; f < 500; f++) {
      double distance = 1.1 * UNDECIDED * problem.size(f % rows, f);
      problem.threshold()[f] = (float) (problem.z(f % rows, f) + (f % 3 == 0 ? -1 : 1) * distance);
    }
    try (Encoding encoding = new Encoding(gpu, problem, Precision.EXACT)) {
      requireRight(problem, encoding.encode(), UNDECIDED, ERROR);
      encoding.encoder().through(encoding.judge());
      requireRight(problem, encoding.encode(), UNDECIDED, ERROR);
    }
  }

  /**
   * A bias so large that z has no bits for 1e-5 |x||w|: adding it rounds by half of z's last place,
   * and that is all that is allowed on top.
   */
  @Test
  void aBiasFarAboveTheProductRoundsOnce() {
    EncoderProblem problem = EncoderProblem.random(18, 40, 60, 200);
    for (int f = 0; f < 200; f++) {
      problem.bias()[f] = 3000 + 7.3f * f;
      double distance = UNDECIDED * problem.size(f % 40, f) + 0x1.2p-24 * problem.bias()[f];
      problem.threshold()[f] = (float) (problem.z(f % 40, f) + (f % 2 == 0 ? -1 : 1) * distance);
    }
    try (Encoding encoding = new Encoding(gpu, problem, Precision.EXACT)) {
      requireRight(problem, encoding.encode(), UNDECIDED, ERROR, 0x1p-24);
    }
  }

  private Encoding.Lists requireRight(EncoderProblem problem) {
    try (Encoding encoding = new Encoding(gpu, problem, Precision.EXACT)) {
      Encoding.Lists lists = encoding.encode();
      assertEquals(0, lists.flags());
      requireRight(problem, lists, UNDECIDED, ERROR);
      return lists;
    }
  }

  private static void requireRight(
      EncoderProblem problem, Encoding.Lists lists, double undecided, double error) {
    requireRight(problem, lists, undecided, error, 0);
  }

  /**
   * Every gate that is not too close to call, and every value.
   *
   * @param ofZ what of |z| is allowed on top, for biases far above |x||w|
   */
  private static void requireRight(
      EncoderProblem problem, Encoding.Lists lists, double undecided, double error, double ofZ) {
    int decided = 0;
    for (int r = 0; r < problem.rows(); r++) {
      int at = 0;
      for (int f = 0; f < problem.features(); f++) {
        double z = problem.z(r, f);
        double size = problem.size(r, f);
        double above = z - problem.threshold()[f] + problem.halfBand();
        boolean kept = at < lists.features()[r].length && lists.features()[r][at] == f;
        double rounding = ofZ * Math.abs(z);
        if (Math.abs(above) > undecided * size + rounding) {
          assertEquals(above > 0, kept, "row " + r + ", feature " + f + ", z " + z);
          decided++;
        }
        if (kept) {
          assertEquals(z, lists.z()[r][at], error * size + rounding, "row " + r + ", feature " + f);
          at++;
        }
      }
      assertEquals(lists.features()[r].length, at, "features of row " + r + " ascend");
      assertEquals(lists.counts()[r], at);
    }
    assertTrue(decided > 0.98 * problem.rows() * problem.features(), decided + " decided");
  }

  @ParameterizedTest
  @ValueSource(strings = {"order=reverse", "order=3", "order=4", "order=5"})
  void anyOrderOfThreadsGivesTheSameBits(String order) {
    EncoderProblem problem =
        EncoderProblem.random(5, 30, 70, 200).withOffsets(2).withGate(0.1f, false);
    // More candidates a row than a block has threads.
    EncoderProblem dense = EncoderProblem.random(5, 17, 8, 600).withGate(50, false);
    String[] bits = new String[4];
    for (int i = 0; i < 2; i++) {
      EmulatedDriver.configure(i == 0 ? "" : order);
      try (Encoding encoding = new Encoding(gpu, problem, Precision.EXACT);
          Encoding fast = new Encoding(gpu, problem, Precision.FAST);
          Encoding all = new Encoding(gpu, dense, Precision.EXACT)) {
        Encoding.Lists lists = all.encode();
        assertEquals(600, lists.counts()[16]);
        requireRight(dense, lists, UNDECIDED, ERROR);
        bits[i] = lists.bits(0, 17);
        bits[i] += encoding.encode().bits(0, 30) + encoding.encode(0, 9, 64).bits(0, 9);
        bits[i] += Arrays.hashCode(encoding.preactivations());
        encoding.encoder().through(encoding.judge());
        bits[i] += encoding.encode().bits(0, 30);
        bits[2 + i] = fast.encode().bits(0, 30);
        fast.encoder().through(fast.judge());
        bits[2 + i] += fast.encode().bits(0, 30);
      }
    }
    assertEquals(bits[0], bits[1]);
    assertEquals(bits[2], bits[3]);
  }

  /** However it comes: alone, with a few, with many, in whatever ranges, by a library. */
  @Test
  void theBitsOfARowDependOnTheRowAlone() {
    for (int inputs : new int[] {64, 75}) {
      EncoderProblem problem =
          EncoderProblem.random(inputs, 150, inputs, 400).withOffsets(3).withGate(0.2f, false);
      try (Encoding encoding = new Encoding(gpu, problem, Precision.EXACT)) {
        Encoding.Lists all = encoding.encode();
        assertEquals(all.bits(3, 1), encoding.encode(3, 1, 400).bits(0, 1));
        assertEquals(all.bits(40, 16), encoding.encode(40, 16, 400).bits(0, 16));
        assertEquals(all.bits(133, 17), encoding.encode(133, 17, 400).bits(0, 17));
        for (int multiprocessors : new int[] {1, 100}) {
          EmulatedDriver.configure("multiprocessors=" + multiprocessors);
          try (Encoding other = new Encoding(gpu, problem, Precision.EXACT)) {
            assertEquals(all.bits(0, 150), other.encode().bits(0, 150));
          }
        }
        encoding.encoder().through(encoding.judge());
        assertEquals(all.bits(0, 150), encoding.encode().bits(0, 150));

        float[] z = encoding.preactivations();
        for (int r = 0; r < 150; r++) {
          for (int i = 0; i < all.counts()[r]; i++) {
            assertEquals(z[r * 400 + all.features()[r][i]], all.z()[r][i], 0);
          }
        }
      }
    }
  }

  @Test
  void aLibraryIsAskedForChunksOfFeatures() {
    EncoderProblem problem = EncoderProblem.random(4, 17, 8, 8500);
    try (Encoding encoding = new Encoding(gpu, problem, Precision.EXACT)) {
      String own = encoding.encode().bits(0, 17);
      ShadowProducts judge = encoding.judge();
      List<Integer> chunks = new ArrayList<>();
      encoding
          .encoder()
          .through((x, rows, w, first, count, stride, products) -> {
            chunks.add(count);
            judge.multiply(x, rows, w, first, count, stride, products);
          });
      assertEquals(own, encoding.encode().bits(0, 17));
      assertEquals(List.of(8192, 308), chunks);
    }
  }

  /** Small integers: every sum is exact, so z lies on the edges of the gate to the bit. */
  @Test
  void edgesBelongToWhereTheFormulasPutThem() {
    SplittableRandom random = new SplittableRandom(9);
    int features = 200;
    for (float halfBand : new float[] {0, 0.25f}) {
      float[] threshold = multiples(random, features, 1, 4, 1);
      // z - threshold is a multiple of a quarter: also at each edge, and no closer beside it.
      EncoderProblem problem =
          new EncoderProblem(
              30,
              20,
              features,
              multiples(random, 30 * 20, -3, 3, 1),
              Optional.empty(),
              multiples(random, features * 20, -2, 2, 1),
              multiples(random, features, -4, 4, 0.25f),
              threshold,
              halfBand,
              false);
      for (int rows : new int[] {30, 5}) {
        try (Encoding encoding = new Encoding(gpu, problem, Precision.EXACT)) {
          Encoding.Lists lists = encoding.encode(0, rows, features);
          int edges = 0;
          for (int r = 0; r < rows; r++) {
            int at = 0;
            for (int f = 0; f < features; f++) {
              double above = problem.z(r, f) - threshold[f] + halfBand;
              edges += above == 0 ? 1 : 0;
              if (above > 0) {
                assertEquals(f, lists.features()[r][at]);
                assertEquals(problem.z(r, f), lists.z()[r][at], 0);
                at++;
              }
            }
            assertEquals(at, lists.counts()[r]);
          }
          assertTrue(edges > 4, edges + " at the edge");
        }
      }
    }
  }

  private static float[] multiples(
      SplittableRandom random, int count, int from, int to, float unit) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = random.nextInt(from, to + 1) * unit;
    }
    return values;
  }

  /** As real residual streams have them: a few dimensions hundreds of times as large. */
  @Test
  void outlierDimensionsAreDecidedRight() {
    EncoderProblem problem = EncoderProblem.random(12, 40, 128, 400);
    for (int r = 0; r < 40; r++) {
      problem.x()[r * 128 + 5] *= 300;
      problem.x()[r * 128 + 77] = 2000;
    }
    for (int f = 0; f < 400; f++) {
      problem.encoder()[f * 128 + 77] *= 1e-3f;
    }
    requireRight(problem);
    requireRight(problem.withOffsets(4).withGate(0.1f, true));
  }

  @ParameterizedTest
  @CsvSource({
    "-100, 100",
    "100, -100",
    "60, 60",
    "-60, -50",
    "-125, 0",
    "0, -125",
    "110, -110",
    "20, 20",
    "-20, -20",
    "100, 0",
    "0, 100",
    "124, -108",
    "-108, 124",
  })
  void scalesOverflowNothing(int ofX, int ofEncoder) {
    EncoderProblem problem =
        EncoderProblem.random(3, 25, 50, 140).withGate(0.1f, false).scaled(ofX, ofEncoder);
    requireRight(problem);
    double bound = Screen.slack(50);
    try (Encoding encoding = new Encoding(gpu, problem, Precision.FAST)) {
      requireRight(problem, encoding.encode(), bound, bound);
    }
  }

  /** Where products are below what a float can be, the bias decides, on every path alike. */
  @Test
  void productsThatVanishLeaveTheBias() {
    EncoderProblem ones = EncoderProblem.random(3, 20, 50, 140);
    Arrays.fill(ones.bias(), 2.5f);
    EncoderProblem tiny =
        new EncoderProblem(
            20,
            50,
            140,
            ones.scaled(-130, 0).x(),
            Optional.empty(),
            ones.scaled(0, -130).encoder(),
            ones.bias(),
            ones.threshold(),
            0,
            false);
    try (Encoding encoding = new Encoding(gpu, tiny, Precision.EXACT)) {
      Encoding.Lists many = encoding.encode();
      assertEquals(many.bits(0, 16), encoding.encode(0, 16, 140).bits(0, 16));
      assertEquals(140, many.counts()[0]);
      assertEquals(2.5f, many.z()[0][139], 0);
    }
  }

  @Test
  void zeroRowsAndFeaturesHaveTheirBias() {
    EncoderProblem problem = EncoderProblem.random(8, 30, 40, 150);
    Arrays.fill(problem.x(), 40, 120, 0);
    Arrays.fill(problem.encoder(), 0, 80, 0);
    problem.bias()[0] = 3;
    problem.bias()[1] = problem.threshold()[1];
    problem.bias()[2] = Math.nextUp(problem.threshold()[2]);
    Encoding.Lists lists = requireRight(problem);
    for (int r = 0; r < 30; r++) {
      assertEquals(0, lists.features()[r][0]);
      assertEquals(3, lists.z()[r][0], 0);
      assertTrue(Arrays.stream(lists.features()[r]).noneMatch(f -> f == 1));
    }
    assertArrayEquals(new int[] {0, 2}, Arrays.copyOf(lists.features()[1], 2));
    try (Encoding encoding = new Encoding(gpu, problem, Precision.EXACT)) {
      encoding.encoder().through(encoding.judge());
      assertEquals(lists.bits(0, 30), encoding.encode().bits(0, 30));
    }
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void whatIsNotFiniteIsFlagged(Precision precision) {
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
      for (int rows : new int[] {5, 30}) {
        EncoderProblem problem = EncoderProblem.random(8, rows, 40, 150).withOffsets(1);
        problem.x()[4 * 40 + 39] = bad;
        try (Encoding encoding = new Encoding(gpu, problem, precision)) {
          assertEquals(NOT_FINITE, encoding.encode().flags() & NOT_FINITE);
          assertEquals(0, encoding.encode(0, 4, 150).flags());
        }
      }
    }
  }

  /** A NaN in the weights is kept by every row, so that whoever sums up finds it. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void weightsThatAreNotFiniteAreKept(boolean reluFirst) {
    EncoderProblem problem = EncoderProblem.random(8, 30, 40, 150).withGate(0.1f, reluFirst);
    problem.encoder()[70 * 40 + 3] = Float.NaN;
    problem.bias()[90] = Float.NaN;
    try (Encoding encoding = new Encoding(gpu, problem, Precision.EXACT)) {
      for (Encoding.Lists lists :
          new Encoding.Lists[] {encoding.encode(), encoding.encode(0, 5, 150)}) {
        for (int[] features : lists.features()) {
          assertTrue(Arrays.binarySearch(features, 70) >= 0);
          assertTrue(Arrays.binarySearch(features, 90) >= 0);
        }
      }
    }
  }

  /** Counts stay exact above the capacity, and nothing is lost once there is more. */
  @ParameterizedTest
  @EnumSource(Precision.class)
  void listsThatAreTooLongAreFoundOutAndCuredByGrowing(Precision precision) {
    EncoderProblem problem = EncoderProblem.random(8, 20, 40, 600);
    Arrays.fill(problem.bias(), 0, 500, 9);
    for (int rows : new int[] {16, 20}) {
      try (Encoding encoding = new Encoding(gpu, problem, precision);
          Encoding fresh = new Encoding(gpu, problem, precision);
          Pairs pairs = new Pairs(gpu.memory(), rows, 32)) {
        Encoding.Lists right = fresh.encode(0, rows, 600);
        assertEquals(0, right.flags());
        Encoding.Lists first = encoding.encode(0, rows, pairs);
        assertEquals(OVERFLOW, first.flags());
        assertArrayEquals(right.counts(), first.counts());
        // Whoever reads them before the flags are looked at stays within the weights.
        for (int[] features : first.features()) {
          assertTrue(Arrays.stream(features).allMatch(f -> f >= 0 && f < 600));
        }
        pairs.grow(rows, Arrays.stream(first.counts()).max().orElseThrow());
        encoding.encoder().settle();
        Encoding.Lists second = encoding.encode(0, rows, pairs);
        assertEquals(0, second.flags());
        assertEquals(right.bits(0, rows), second.bits(0, rows));
      }
    }
  }

  /**
   * Most candidates in one of the ranges: its segment overflows, while the lists are long enough.
   */
  @ParameterizedTest
  @ValueSource(strings = {"", "order=reverse"})
  void aSegmentThatOverflowsLosesNothing(String order) {
    EncoderProblem problem = EncoderProblem.random(8, 20, 40, 2048);
    Arrays.fill(problem.threshold(), 1e6f);
    for (int f : new int[] {3, 300, 301, 302, 600, 601, 2000}) {
      problem.threshold()[f] = -1e6f;
    }
    Arrays.fill(problem.threshold(), 400, 512, 0.5f);
    Arrays.fill(problem.bias(), 400, 512, 5);
    EmulatedDriver.configure(order);
    try (Encoding encoding = new Encoding(gpu, problem, Precision.EXACT)) {
      Encoding.Lists lists = encoding.encode(0, 20, 128);
      assertEquals(0, lists.flags());
      requireRight(problem, lists, UNDECIDED, ERROR);
      assertTrue(encoding.encoder().candidates() >= 20 * 100);
      encoding.encoder().settle();
      assertEquals(lists.bits(0, 20), encoding.encode(0, 20, 128).bits(0, 20));
    }
    // What is not computed again has to fit, and is flagged where it does not.
    try (Encoding encoding = new Encoding(gpu, problem, Precision.FAST)) {
      Encoding.Lists first = encoding.encode(0, 20, 128);
      assertEquals(OVERFLOW, first.flags());
      encoding.encoder().settle();
      Encoding.Lists second = encoding.encode(0, 20, 128);
      assertEquals(0, second.flags());
      assertArrayEquals(first.counts(), second.counts());
      requireRight(problem, second, Screen.slack(40), Screen.slack(40));
      for (int[] features : first.features()) {
        assertTrue(Arrays.stream(features).allMatch(f -> f >= 0 && f < 2048));
      }
    }
  }

  @Test
  void fastStaysWithinItsError() {
    EncoderProblem problem =
        EncoderProblem.random(21, 70, 150, 400).withOffsets(4).withGate(0.1f, true);
    double bound = Screen.slack(150);
    assertTrue(bound < 0x1.1p-10, "slack " + bound);
    try (Encoding encoding = new Encoding(gpu, problem, Precision.FAST)) {
      Encoding.Lists lists = encoding.encode();
      assertEquals(0, lists.flags());
      requireRight(problem, lists, bound, bound);
      assertEquals(lists.bits(30, 40), encoding.encode(30, 40, 400).bits(0, 40));
      double squares = 0;
      int count = 0;
      for (int r = 0; r < 70; r++) {
        for (int i = 0; i < lists.counts()[r]; i++) {
          int f = lists.features()[r][i];
          double error = (lists.z()[r][i] - problem.z(r, f)) / problem.size(r, f);
          squares += error * error;
          count++;
        }
      }
      double rms = Math.sqrt(squares / count);
      assertTrue(rms > 1e-6 && rms < 0x1p-10 / 15, "rms error " + rms);
    }
  }

  /**
   * Each feature's threshold just below what one of the rows has: the screen must let every one of
   * these through.
   */
  @ParameterizedTest
  @ValueSource(strings = {"plain", "band", "large bias", "outliers", "rounded alike", "relu"})
  void theScreenDropsNothingThatIsKept(String kind) {
    EncoderProblem drawn = EncoderProblem.random(31, 16, 48, 512);
    switch (kind) {
      case "band" -> drawn = drawn.withOffsets(3).withGate(0.25f, false);
      case "large bias" -> {
        for (int f = 0; f < 512; f++) {
          drawn.bias()[f] = 3000 + 7.3f * f;
        }
        // Adding it rounds by as much as the screen's bound.
        drawn = timesX(drawn, 0.013f);
      }
      case "outliers" -> {
        for (int r = 0; r < 16; r++) {
          drawn.x()[r * 48 + 5] = 3000 + r;
        }
      }
      case "rounded alike" -> {
        // Just below the middle of two halves: all are rounded down, the product most of all.
        Arrays.fill(drawn.x(), Math.nextDown(1 + 0x1p-11f));
        Arrays.fill(drawn.encoder(), Math.nextDown(1 + 0x1p-11f));
      }
      case "relu" -> drawn = drawn.withGate(0.25f, true);
      default -> {}
    }
    float[] z;
    try (Encoding encoding = new Encoding(gpu, drawn, Precision.EXACT)) {
      z = encoding.preactivations();
    }
    for (int f = 0; f < 512; f++) {
      float of = z[f % 16 * 512 + f] + drawn.halfBand();
      drawn.threshold()[f] = kind.equals("relu") ? 0.2f : Math.nextDown(of);
    }
    // The same rows, and one more, so that they are screened.
    EncoderProblem problem =
        new EncoderProblem(
            17,
            48,
            512,
            Arrays.copyOf(drawn.x(), 17 * 48),
            drawn.offsets(),
            drawn.encoder(),
            drawn.bias(),
            drawn.threshold(),
            drawn.halfBand(),
            drawn.reluFirst());
    try (Encoding encoding = new Encoding(gpu, problem, Precision.EXACT)) {
      Encoding.Lists screened = encoding.encode();
      Encoding.Lists few = encoding.encode(0, 16, 512);
      assertEquals(few.bits(0, 16), screened.bits(0, 16));
      for (int f = 0; f < 512; f++) {
        if (!kind.equals("band")) {
          assertTrue(Arrays.binarySearch(few.features()[f % 16], f) >= 0);
        }
      }
      encoding.encoder().through(encoding.judge());
      assertEquals(few.bits(0, 16), encoding.encode().bits(0, 16));
    }
  }

  private static EncoderProblem timesX(EncoderProblem problem, float factor) {
    for (int i = 0; i < problem.x().length; i++) {
      problem.x()[i] *= factor;
    }
    return problem;
  }

  /** The screen drops no more than it may, and hardly less. */
  @Test
  void theScreenLetsLittleThrough() {
    EncoderProblem problem = EncoderProblem.random(2, 128, 576, 2000);
    Arrays.fill(problem.threshold(), 2);
    try (Encoding encoding = new Encoding(gpu, problem, Precision.EXACT)) {
      Encoding.Lists lists = encoding.encode();
      long kept = Arrays.stream(lists.counts()).asLongStream().sum();
      double ratio = (double) encoding.encoder().candidates() / kept;
      System.out.printf(
          "candidates for each kept pair: %.4f (%d kept, %.1f a row)%n", ratio, kept, kept / 128.0);
      assertTrue(ratio >= 1 && ratio < 1.2, "ratio " + ratio);
    }
  }

  /** More features than a block of few_append has bits, too. */
  @Test
  void neverAllPreactivationsAtOnce() {
    EncoderProblem problem = EncoderProblem.random(2, 140, 16, 8300);
    Arrays.fill(problem.threshold(), 0, 8200, 4);
    Arrays.fill(problem.threshold(), 8200, 8300, -8);
    try (Encoding encoding = new Encoding(gpu, problem, Precision.EXACT)) {
      long before = gpu.bytesInUse();
      Encoding.Lists many = encoding.encode(0, 140, 160);
      long taken = gpu.peakBytes() - before;
      assertTrue(taken < 140L * 8300 * Float.BYTES / 4, taken + " bytes");
      assertEquals(0, many.flags());
      assertTrue(many.counts()[1] >= 100, many.counts()[1] + " kept");
      assertEquals(many.bits(0, 2), encoding.encode(0, 2, 160).bits(0, 2));
    }
  }

  @Test
  void preactivationsAreThoseOfTheFormula() {
    EncoderProblem problem = EncoderProblem.random(6, 37, 70, 90);
    try (Encoding encoding = new Encoding(gpu, problem, Precision.EXACT);
        Encoding offset = new Encoding(gpu, problem.withOffsets(1), Precision.EXACT)) {
      float[] z = encoding.preactivations();
      float[] reference = encoding.reference();
      float[] less = offset.preactivations();
      for (int r = 0; r < 37; r++) {
        for (int f = 0; f < 90; f++) {
          assertEquals(problem.z(r, f), z[r * 90 + f], ERROR * problem.size(r, f));
          assertEquals(problem.z(r, f), reference[r * 90 + f], ERROR * problem.size(r, f));
          EncoderProblem same = problem.withOffsets(1);
          assertEquals(same.z(r, f), less[r * 90 + f], ERROR * same.size(r, f));
        }
      }
    }
  }

  /** Halves times scale are the row, to half precision; lengths are no shorter than the rows. */
  @Test
  void shadowsCoverTheirRows() {
    int[] exponents = {-149, -140, -126, -30, -3, 0, 14, 60, 127};
    EncoderProblem problem = EncoderProblem.random(6, 1, 70, exponents.length + 2);
    float[] w = problem.encoder();
    for (int f = 0; f < exponents.length; f++) {
      for (int k = 0; k < 70; k++) {
        w[f * 70 + k] = Math.scalb(Math.abs(w[f * 70 + k]) % 1, exponents[f]);
      }
      w[f * 70 + 3 + f] = Math.scalb(1.5f, exponents[f]);
    }
    // As short as can be: its length is no multiple of the smallest float.
    Arrays.fill(w, exponents.length * 70, (exponents.length + 1) * 70, 0);
    w[exponents.length * 70] = Float.MIN_VALUE;
    w[exponents.length * 70 + 1] = Float.MIN_VALUE;
    try (Encoding encoding = new Encoding(gpu, problem, Precision.EXACT)) {
      gpu.synchronize();
      Shadow shadow = encoding.encoder().shadow();
      assertEquals(128, shadow.stride());
      short[] halves = Encoding.download(shadow.halves()).toArray(ValueLayout.JAVA_SHORT);
      float[] scales = Encoding.download(shadow.scales()).toArray(ValueLayout.JAVA_FLOAT);
      float[] norms = Encoding.download(shadow.norms()).toArray(ValueLayout.JAVA_FLOAT);
      for (int f = 0; f < exponents.length + 2; f++) {
        double largest = 0;
        double squares = 0;
        for (int k = 0; k < 70; k++) {
          double value = w[f * 70 + k];
          double half = Float.float16ToFloat(halves[f * 128 + k]);
          largest = Math.max(largest, Math.abs(half));
          squares += value * value;
          assertEquals(value, half * scales[f], Math.abs(value) * 0x1p-11 + scales[f] * 0x1p-25);
        }
        for (int k = 70; k < 128; k++) {
          assertEquals(0, halves[f * 128 + k]);
        }
        double length = Math.sqrt(squares);
        assertTrue(norms[f] >= length, norms[f] + " for " + length);
        assertTrue(largest <= 0x1p15, "largest " + largest);
        if (length > 0x1p-110) {
          assertTrue(largest >= 0x1p14, "largest " + largest);
          assertTrue(norms[f] <= length * (1 + 1e-5), norms[f] + " for " + length);
        }
      }
    }
  }

  @Test
  void wrongArgumentsAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> new Encoder(gpu, 0, 5, Precision.EXACT));
    EncoderProblem problem = EncoderProblem.random(8, 30, 40, 150);
    try (Encoding encoding = new Encoding(gpu, problem, Precision.EXACT);
        Pairs pairs = new Pairs(gpu.memory(), 20, 32)) {
      assertThrows(IllegalArgumentException.class, () -> encoding.encode(0, 21, pairs));
    }
  }
}
