package dev.tapscope.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a training's bits depend on, and what they do not. */
final class TrainingStepsTest {
  private static final int WIDTH = 20;
  private static final int FEATURES = 150;
  private static final int ROWS = 40;
  private static final double COEFFICIENT = 0.01;
  private static final double RATE = 1e-3;
  private static final int WHOLE = FEATURES;
  private static final long ONE_CHUNK = 1L << 24;

  /** Features go through dense steps in chunks of 128. */
  private static final long CHUNKS = 1;

  private Gpu gpu;

  @BeforeEach
  void open() {
    EmulatedDriver.require();
    gpu = Gpu.open();
  }

  @AfterEach
  void close() {
    EmulatedDriver.configure("");
    assertEquals(0, gpu.bytesInUse());
    gpu.close();
  }

  private static TrainingSettings settings(
      TrainingSettings.Penalty penalty, double beta1, OptionalDouble clip, double density) {
    boolean odd = penalty instanceof TrainingSettings.TargetL0;
    return new TrainingSettings(
        penalty, 0.2, !odd, odd, !odd, true, beta1, 0.999, 1e-8, clip, density, Precision.EXACT);
  }

  private static Stream<TrainingSettings> settings(double density) {
    return Stream.of(
        settings(new TrainingSettings.L0(), 0, OptionalDouble.empty(), density),
        settings(new TrainingSettings.TargetL0(20), 0, OptionalDouble.of(0.5), density),
        settings(new TrainingSettings.Tanh(4), 0.9, OptionalDouble.of(0.1), density));
  }

  private static TrainingSettings plain(double density) {
    return settings(density).findFirst().orElseThrow();
  }

  private GpuTraining begun(TrainingSettings settings, int capacity, long chunk) {
    GpuTraining sae =
        new GpuTraining(
            gpu, WIDTH, FEATURES, WIDTH, settings, () -> new OwnProducts(gpu), capacity, chunk);
    Random random = new Random(11);
    double[] directions = Training.gaussians(random, FEATURES * WIDTH, 1);
    for (int f = 0; f < FEATURES; f++) {
      double squares = 0;
      for (int i = f * WIDTH; i < (f + 1) * WIDTH; i++) {
        squares += directions[i] * directions[i];
      }
      for (int i = f * WIDTH; i < (f + 1) * WIDTH; i++) {
        directions[i] /= Math.sqrt(squares);
      }
    }
    Training.write(sae, "W_dec", directions);
    Training.write(sae, "W_enc", directions);
    Training.write(sae, "b_dec", Training.gaussians(random, WIDTH, 0.1));
    double[] thresholds = Training.gaussians(random, FEATURES, 0.4);
    for (int f = 0; f < FEATURES; f++) {
      thresholds[f] += Math.log(f % 3 == 0 ? 0.05 : 1.5);
      thresholds[f] = settings.logThreshold() ? thresholds[f] : Math.exp(thresholds[f]);
    }
    Training.write(sae, settings.thresholdName(), thresholds);
    return sae;
  }

  /** Rows whose length decides how much is active. */
  private static MemorySegment batch(int t, double scale) {
    return Training.floats(Training.gaussians(new Random(100 + t), ROWS * WIDTH, scale));
  }

  private static TrainingReport step(GpuTraining sae, MemorySegment batch) {
    return sae.step(batch, batch, ROWS, RATE, COEFFICIENT);
  }

  static Stream<Arguments> ways() {
    return Stream.concat(
        settings(TrainingSettings.NEVER_DENSE).map(s -> Arguments.of(s, ONE_CHUNK)),
        settings(TrainingSettings.ALWAYS_DENSE)
            .flatMap(s -> Stream.of(Arguments.of(s, ONE_CHUNK), Arguments.of(s, CHUNKS))));
  }

  @ParameterizedTest
  @MethodSource("ways")
  void theOrderOfThreadsChangesNoBit(TrainingSettings settings, long chunk) {
    Map<String, byte[]> first = Map.of();
    TrainingReport report = null;
    for (String order : List.of("forward", "forward", "reverse", "3", "8")) {
      EmulatedDriver.configure("order=" + order);
      try (GpuTraining sae = begun(settings, WHOLE, chunk)) {
        step(sae, batch(0, 1));
        TrainingReport now = step(sae, batch(1, 1));
        Map<String, byte[]> bits = Training.snapshot(sae);
        if (report == null) {
          report = now;
          first = bits;
        }
        assertEquals(report, now, order);
        Training.assertSame(first, bits);
      }
    }
  }

  /** Chunks differ in nothing but in how the penalty and b_dec's gradient are summed. */
  @ParameterizedTest
  @MethodSource("ways")
  void everyWayTakesTheSameStep(TrainingSettings settings, long chunk) {
    try (GpuTraining sae = begun(settings, WHOLE, chunk);
        GpuTraining other = begun(withDensity(settings, TrainingSettings.NEVER_DENSE), 1, 1)) {
      for (int t = 0; t < 3; t++) {
        TrainingReport actual = step(sae, batch(t, 1));
        TrainingReport expected = step(other, batch(t, 1));
        assertEquals(expected.loss(), actual.loss(), 1e-6 * expected.loss());
        assertEquals(expected.l0(), actual.l0());
        assertEquals(expected.inBand(), actual.inBand());
        assertEquals(expected.sparsityShare(), actual.sparsityShare(), 1e-6);
        if (settings.clip().isPresent()) {
          double norm = expected.gradientNorm();
          assertTrue(norm > settings.clip().getAsDouble(), "nothing is clipped by " + norm);
          assertEquals(norm, actual.gradientNorm(), 1e-5 * norm);
        }
      }
      for (String name : List.of("W_enc", "W_dec", "b_enc", "b_dec", settings.thresholdName())) {
        assertArrayEquals(Training.read(other, name), Training.read(sae, name), 2e-5, name);
      }
    }
  }

  /** Rows that several warps share, and that do not end where a warp's part does. */
  @Test
  void rowsOfSeveralWarps() {
    int width = 1_037;
    int rows = 17;
    TrainingSettings settings =
        settings(new TrainingSettings.Tanh(4), 0, OptionalDouble.of(0.1), 0);
    MemorySegment batch = Training.floats(Training.gaussians(new Random(3), rows * width, 1));
    List<Map<String, double[]>> results = new ArrayList<>();
    for (double density : List.of(TrainingSettings.NEVER_DENSE, TrainingSettings.ALWAYS_DENSE)) {
      Map<String, byte[]> bits = Map.of();
      for (String order : List.of("forward", "reverse", "2")) {
        EmulatedDriver.configure("order=" + order);
        try (GpuTraining sae =
            new GpuTraining(gpu, width, 9, width, withDensity(settings, density))) {
          Random random = new Random(4);
          Training.write(sae, "W_enc", Training.gaussians(random, 9 * width, 0.05));
          Training.write(sae, "W_dec", Training.gaussians(random, 9 * width, 0.03));
          GpuTraining.Gradients g = sae.gradients(batch, batch, rows, COEFFICIENT);
          sae.step(batch, batch, rows, RATE, COEFFICIENT);
          if (bits.isEmpty()) {
            bits = Training.snapshot(sae);
            Map<String, double[]> values = new LinkedHashMap<>();
            values.put("W_enc", Training.doubles(g.encoder()));
            values.put("W_dec", Training.doubles(g.decoder()));
            values.put("projected", Training.doubles(g.projectedDecoder()));
            values.put("b_enc", Training.doubles(g.encoderBias()));
            values.put("b_dec", Training.doubles(g.decoderBias()));
            results.add(values);
          }
          Training.assertSame(bits, Training.snapshot(sae));
        }
      }
    }
    results
        .getFirst()
        .forEach((name, values) -> {
          double[] other = results.getLast().get(name);
          double largest = Arrays.stream(values).map(Math::abs).max().orElseThrow();
          assertArrayEquals(values, other, 2e-5 * largest, name);
        });
  }

  /**
   * What several blocks sum is added by the last of them, whichever that is, and also where another
   * kernel's blocks have done so before.
   */
  @ParameterizedTest
  @ValueSource(strings = {"forward", "reverse", "5"})
  void theLastOfSeveralBlocksAddsWhatTheyHave(String order) {
    EmulatedDriver.configure("order=" + order);
    int features = 700;
    MemorySegment batch = batch(0, 1);
    List<Map<String, byte[]>> arrays = new ArrayList<>();
    for (OptionalDouble clip : List.of(OptionalDouble.empty(), OptionalDouble.of(1e9))) {
      TrainingSettings settings =
          settings(new TrainingSettings.L0(), 0, clip, TrainingSettings.NEVER_DENSE);
      try (GpuTraining sae = new GpuTraining(gpu, WIDTH, features, WIDTH, settings)) {
        Random random = new Random(12);
        Training.write(sae, "W_enc", Training.gaussians(random, features * WIDTH, 0.3));
        Training.write(sae, "W_dec", Training.gaussians(random, features * WIDTH, 0.3));
        Training.write(sae, "log_threshold", Training.gaussians(random, features, 0.4));
        double[] before = Training.read(sae, "log_threshold");
        GpuTraining.Gradients gradients = sae.gradients(batch, batch, ROWS, COEFFICIENT);
        TrainingReport report = step(sae, batch);
        double[] after = Training.read(sae, "log_threshold");
        double moved = 0;
        double byErrors = 0;
        double byPenalty = 0;
        double squares =
            squares(gradients.encoder())
                + squares(gradients.encoderBias())
                + squares(gradients.projectedDecoder())
                + squares(gradients.decoderBias());
        for (int f = 0; f < features; f++) {
          double errors = gradients.thresholdReconstruction()[f];
          double penalty = gradients.thresholdPenalty()[f];
          moved += Math.abs(Math.exp(after[f]) - Math.exp(before[f])) / features;
          byErrors += Math.abs(errors);
          byPenalty += Math.abs(penalty);
          squares += Math.pow(Math.exp(before[f]) * (errors + penalty), 2);
        }
        assertEquals(moved, report.thresholdMovement(), 1e-3 * moved);
        assertEquals(byPenalty / (byPenalty + byErrors), report.sparsityShare(), 1e-9);
        double norm = clip.isPresent() ? Math.sqrt(squares) : Double.NaN;
        assertEquals(norm, report.gradientNorm(), 1e-5 * Math.sqrt(squares));
        arrays.add(Training.snapshot(sae));
      }
    }
    Training.assertSame(arrays.getFirst(), arrays.getLast());
  }

  private static double squares(float[] values) {
    double sum = 0;
    for (float value : values) {
      sum += (double) value * value;
    }
    return sum;
  }

  private static TrainingSettings withDensity(TrainingSettings s, double density) {
    return new TrainingSettings(
        s.penalty(),
        s.bandwidth(),
        s.preBias(),
        s.reluFirst(),
        s.logThreshold(),
        s.unitDecoder(),
        s.beta1(),
        s.beta2(),
        s.epsilon(),
        s.clip(),
        density,
        s.precision());
  }

  @ParameterizedTest
  @MethodSource("sparseSettings")
  void aListThatIsTooShortCostsARepetitionAndNothingElse(TrainingSettings settings) {
    try (GpuTraining wide = begun(settings, WHOLE, ONE_CHUNK);
        GpuTraining narrow = begun(settings, 1, ONE_CHUNK)) {
      for (int t = 0; t < 3; t++) {
        assertEquals(step(wide, batch(t, 1)), step(narrow, batch(t, 1)));
      }
      Training.assertSame(Training.snapshot(wide), Training.snapshot(narrow));
      assertEquals(0, wide.repetitions());
      assertEquals(1, narrow.repetitions());
    }
  }

  static Stream<TrainingSettings> sparseSettings() {
    return settings(TrainingSettings.NEVER_DENSE);
  }

  /** Long rows are dense, short ones are not; each step is also taken by one who starts afresh. */
  @Test
  void theWrongWayCostsARepetitionAndNothingElse() {
    TrainingSettings settings = plain(0.32);
    try (GpuTraining straight = begun(settings, WHOLE, ONE_CHUNK)) {
      boolean[] dense = {true, true, false, false, true, false};
      long[] repetitions = {1, 1, 2, 2, 3, 4};
      for (int t = 0; t < dense.length; t++) {
        Map<String, byte[]> before = Training.snapshot(straight);
        MemorySegment batch = batch(t, dense[t] ? 3 : 1);
        TrainingReport report = step(straight, batch);
        assertEquals(dense[t], report.dense(), "step " + t);
        assertEquals(repetitions[t], straight.repetitions(), "step " + t);
        try (GpuTraining afresh = begun(settings, WHOLE, ONE_CHUNK)) {
          Training.restore(afresh, before);
          assertEquals(report, step(afresh, batch));
          Training.assertSame(Training.snapshot(straight), Training.snapshot(afresh));
        }
      }
    }
  }

  /**
   * A threshold that is some row's very preactivation, and a share that is exactly that of the
   * batch: a dense step cannot be sure of it, and has the lists decide.
   */
  @ParameterizedTest
  @ValueSource(longs = {0, 1})
  void atTheVeryShareTheListsDecide(long more) {
    TrainingSettings any = plain(TrainingSettings.NEVER_DENSE);
    MemorySegment batch = batch(0, 1);
    double[] logarithms;
    long entries;
    try (GpuTraining sae = begun(any, WHOLE, ONE_CHUNK)) {
      float[] z = sae.activations(batch, ROWS).z();
      logarithms = Training.read(sae, "log_threshold");
      for (int f = 0; f < FEATURES; f++) {
        if (z[f] > 0.1) {
          logarithms[f] = Math.log(z[f]);
        }
      }
      Training.write(sae, "log_threshold", logarithms);
      TrainingReport report = step(sae, batch);
      entries = Math.round((report.l0() + report.inBand()) * ROWS);
    }
    TrainingSettings exactly = plain((double) (entries + more) / ((double) ROWS * FEATURES));
    try (GpuTraining fromSparse = begun(exactly, WHOLE, ONE_CHUNK);
        GpuTraining fromDense = begun(exactly, WHOLE, ONE_CHUNK)) {
      // Dense beyond doubt, so that this one tries the dense way next.
      step(fromDense, batch(1, 10));
      Map<String, byte[]> begin = Training.snapshot(fromSparse);
      begin.put("log_threshold", Training.floats(logarithms).toArray(ValueLayout.JAVA_BYTE));
      Training.restore(fromSparse, begin);
      Training.restore(fromDense, begin);
      long before = fromDense.repetitions();
      TrainingReport report = step(fromDense, batch);
      assertEquals(more == 0, report.dense());
      assertEquals(before + (more == 0 ? 2 : 1), fromDense.repetitions());
      assertEquals(report, step(fromSparse, batch));
      Training.assertSame(Training.snapshot(fromSparse), Training.snapshot(fromDense));
    }
  }

  /** At the threshold a feature is off, at the band's edges it is outside; few rows and many. */
  @ParameterizedTest
  @ValueSource(ints = {3, 51})
  void tiesAreOff(int rows) {
    for (double density : List.of(TrainingSettings.NEVER_DENSE, TrainingSettings.ALWAYS_DENSE)) {
      TrainingSettings settings =
          new TrainingSettings(
              new TrainingSettings.L0(),
              0.5,
              false,
              false,
              false,
              false,
              0,
              0.999,
              1e-8,
              OptionalDouble.empty(),
              density,
              Precision.EXACT);
      try (GpuTraining sae = new GpuTraining(gpu, 1, 1, 1, settings)) {
        Training.write(sae, "W_enc", 1);
        Training.write(sae, "W_dec", 1);
        Training.write(sae, "threshold", 0.5);
        double[] x = new double[rows];
        for (int i = 0; i < rows; i++) {
          x[i] = new double[] {0.5, 0.75, 0.25}[i % 3];
        }
        float[] f = sae.activations(Training.floats(x), rows).f();
        for (int i = 0; i < rows; i++) {
          assertEquals(i % 3 == 1 ? 0.75f : 0, f[i]);
        }
        MemorySegment batch = Training.floats(x);
        TrainingReport report = sae.step(batch, batch, rows, 0, 1);
        assertEquals(1 / 3.0, report.l0(), 1e-12);
        assertEquals(1 / 3.0, report.inBand(), 1e-12);
      }
    }
  }

  /**
   * With beta1 = 0 rows without a gradient are left alone; here is Adam that goes over all of them
   * at every step, in floats, given the same gradients.
   */
  @ParameterizedTest
  @ValueSource(doubles = {TrainingSettings.NEVER_DENSE, TrainingSettings.ALWAYS_DENSE})
  void whatIsLeftAloneIsAsIfItHadNotBeen(double density) {
    TrainingSettings settings =
        new TrainingSettings(
            new TrainingSettings.L0(),
            0.1,
            true,
            false,
            false,
            false,
            0,
            0.9,
            1e-8,
            OptionalDouble.empty(),
            density,
            Precision.EXACT);
    int rows = 2;
    try (GpuTraining sae = begun(settings, WHOLE, ONE_CHUNK)) {
      double[] thresholds = new double[FEATURES];
      Arrays.fill(thresholds, 0.8);
      Training.write(sae, "threshold", thresholds);
      double[] directions = Training.read(sae, "W_enc");
      DenseAdam encoder = new DenseAdam(directions);
      DenseAdam decoder = new DenseAdam(Training.read(sae, "W_dec"));
      Random random = new Random(5);
      int silent = 0;
      for (int t = 1; t <= 30; t++) {
        double[] x = new double[rows * WIDTH];
        for (int row = 0; row < rows; row++) {
          int feature = (int) (FEATURES * Math.pow(random.nextDouble(), 3));
          System.arraycopy(directions, feature * WIDTH, x, row * WIDTH, WIDTH);
        }
        MemorySegment batch = Training.floats(x);
        GpuTraining.Gradients g = sae.gradients(batch, batch, rows, COEFFICIENT);
        sae.step(batch, batch, rows, RATE, COEFFICIENT);
        encoder.step(t, g.encoder());
        decoder.step(t, g.decoder());
        for (double tokens : Training.read(sae, "tokens_since_fired")) {
          silent += tokens > 0 ? 1 : 0;
        }
      }
      assertTrue(silent > 30 * FEATURES * 0.8, "only " + silent + " rows were left alone");
      assertArrayEquals(Training.doubles(encoder.values), Training.read(sae, "W_enc"));
      assertArrayEquals(Training.doubles(decoder.values), Training.read(sae, "W_dec"));
      assertArrayEquals(Training.doubles(encoder.v), settled(sae, "v.W_enc"));
      assertArrayEquals(Training.doubles(decoder.v), settled(sae, "v.W_dec"));
    }
  }

  private static double[] settled(GpuTraining sae, String name) {
    double[] v = Training.read(sae, name);
    double[] settled = Training.read(sae, "settled");
    double step = Training.read(sae, "steps")[0];
    for (int i = 0; i < v.length; i++) {
      float left = (float) v[i];
      for (double owed = step - settled[i / WIDTH]; owed > 0; owed--) {
        left *= 0.9f;
        left = left < Float.MIN_NORMAL ? 0 : left;
      }
      v[i] = left;
    }
    return v;
  }

  private static final class DenseAdam {
    private final float[] values;
    private final float[] v;

    DenseAdam(double[] values) {
      this.values = new float[values.length];
      v = new float[values.length];
      for (int i = 0; i < values.length; i++) {
        this.values[i] = (float) values[i];
      }
    }

    void step(int t, float[] gradient) {
      float bias = (float) (1 / (1 - StrictMath.pow(0.9, t)));
      for (int i = 0; i < values.length; i++) {
        float g = gradient[i];
        float second = Math.fma(g * (float) (1 - 0.9), g, v[i] * 0.9f);
        v[i] = second < Float.MIN_NORMAL ? 0 : second;
        values[i] += g * (float) -RATE / ((float) Math.sqrt(v[i] * bias) + 1e-8f);
      }
    }
  }

  /**
   * Second moments on their way to nothing: owed for long, and below the smallest normal number.
   */
  @Test
  void momentsFadeToZero() {
    TrainingSettings settings = plain(TrainingSettings.NEVER_DENSE);
    try (GpuTraining sae = begun(settings, WHOLE, ONE_CHUNK)) {
      double[] v = new double[FEATURES * WIDTH];
      Arrays.fill(v, 1e-37);
      Training.write(sae, "v.W_enc", v);
      sae.upload("steps", MemorySegment.ofArray(new long[] {3_000}));
      step(sae, batch(0, 1));
      double[] now = Training.read(sae, "v.W_enc");
      double[] fired = Training.read(sae, "tokens_since_fired");
      int touched = 0;
      for (int i = 0; i < now.length; i++) {
        if (fired[i / WIDTH] == 0) {
          touched++;
          // 1e-37 * 0.999^3000 is below the smallest normal number: only the gradient is left.
          assertTrue(now[i] == 0 || now[i] > 1e-30, "a moment of " + now[i]);
        } else {
          assertEquals((float) 1e-37, now[i]);
        }
      }
      assertTrue(touched > 0);
    }
  }

  @ParameterizedTest
  @MethodSource("ways")
  void aTrainingThatIsTakenUpGoesOnWithTheSameBits(TrainingSettings settings, long chunk) {
    try (GpuTraining straight = begun(settings, WHOLE, chunk);
        GpuTraining first = begun(settings, WHOLE, chunk);
        GpuTraining second =
            new GpuTraining(
                gpu, WIDTH, FEATURES, WIDTH, settings, () -> new OwnProducts(gpu), WHOLE, chunk)) {
      for (int t = 0; t < 4; t++) {
        step(straight, batch(t, 1));
        if (t < 2) {
          step(first, batch(t, 1));
        }
      }
      Training.restore(second, Training.snapshot(first));
      step(second, batch(2, 1));
      step(second, batch(3, 1));
      Training.assertSame(Training.snapshot(straight), Training.snapshot(second));
    }
  }

  /** The next batch is copied while a step runs. */
  @Test
  void batchesCanBeStagedBesideSteps() {
    TrainingSettings settings = plain(TrainingSettings.NEVER_DENSE);
    try (GpuTraining oneByOne = begun(settings, WHOLE, ONE_CHUNK);
        GpuTraining staged = begun(settings, WHOLE, ONE_CHUNK)) {
      staged.stage(batch(0, 1), batch(0, 1), ROWS);
      for (int t = 0; t < 4; t++) {
        staged.start(RATE, COEFFICIENT);
        MemorySegment next = batch(t + 1, 1);
        staged.stage(next, next, ROWS);
        assertThrows(IllegalStateException.class, () -> staged.stage(next, next, ROWS));
        assertThrows(IllegalStateException.class, () -> staged.start(RATE, COEFFICIENT));
        assertEquals(step(oneByOne, batch(t, 1)), staged.finish());
      }
      Training.assertSame(Training.snapshot(oneByOne), Training.snapshot(staged));
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {TrainingSettings.NEVER_DENSE, TrainingSettings.ALWAYS_DENSE})
  void whatIsNotFiniteLeavesTheStateAsItWas(double density) {
    TrainingSettings settings =
        new TrainingSettings(
            new TrainingSettings.L0(),
            0.2,
            false,
            false,
            false,
            false,
            0,
            0.999,
            1e-8,
            OptionalDouble.of(1),
            density,
            Precision.EXACT);
    try (GpuTraining sae = begun(settings, WHOLE, ONE_CHUNK)) {
      step(sae, batch(0, 1));
      fails(sae, "A row of the batch holds a value that is not finite.", 3, Double.NaN, 0, 0);
      fails(sae, "A row of the batch holds a value that is not finite.", 7, 1, 9, 1 / 0.0);
      double[] decoder = Training.read(sae, "W_dec");
      double[] huge = Arrays.stream(decoder).map(w -> 3e38 * Math.signum(w)).toArray();
      Training.write(sae, "W_dec", huge);
      fails(sae, "The loss of the batch is ", 0, 1, 0, 1);
      // Errors of 1e30 have squares that a double holds, but not products with such rows.
      Training.write(sae, "W_dec", Arrays.stream(decoder).map(w -> 1e30 * w).toArray());
      fails(sae, "The gradient of the batch is not finite.", 0, 1, 0, 1);
      Training.write(sae, "W_dec", decoder);
      step(sae, batch(1, 1));
      assertEquals(2, Training.read(sae, "steps")[0]);
    }
  }

  private static void fails(
      GpuTraining sae, String words, int atX, double valueOfX, int atY, double valueOfY) {
    double[] x = Training.gaussians(new Random(1), ROWS * WIDTH, 1);
    double[] y = x.clone();
    x[atX] = valueOfX;
    y[atY] = valueOfY;
    Map<String, byte[]> before = Training.snapshot(sae);
    ArithmeticException e =
        assertThrows(
            ArithmeticException.class,
            () -> sae.step(Training.floats(x), Training.floats(y), ROWS, RATE, COEFFICIENT));
    assertTrue(e.getMessage().startsWith(words), e.getMessage());
    Training.assertSame(before, Training.snapshot(sae));
  }

  @Test
  void oneRowAndOneFeature() {
    TrainingSettings settings = plain(TrainingSettings.USUAL_DENSITY);
    try (GpuTraining sae = new GpuTraining(gpu, 1, 1, 1, settings)) {
      Training.write(sae, "W_enc", 1);
      Training.write(sae, "W_dec", 1);
      MemorySegment row = Training.floats(3);
      TrainingReport report = sae.step(row, row, 1, 0.5, 0);
      assertEquals(0, report.loss());
      assertEquals(1, report.l0());
      assertTrue(report.dense());
      assertNotEquals(0, sae.repetitions());
    }
  }

  @Test
  void sizesThatDoNotFitAreNamed() {
    TrainingSettings settings = plain(TrainingSettings.NEVER_DENSE);
    assertThrows(
        IllegalArgumentException.class, () -> new GpuTraining(gpu, 2, 3, 4, settings).close());
    try (GpuTraining sae = begun(settings, WHOLE, ONE_CHUNK)) {
      MemorySegment small = Training.floats(1, 2, 3);
      assertThrows(IllegalArgumentException.class, () -> sae.step(small, small, 1, 0, 0));
      assertThrows(IllegalArgumentException.class, () -> sae.upload("W_enc", small));
      assertThrows(IllegalArgumentException.class, () -> sae.download("nothing", small));
      assertFalse(sae.arrays().isEmpty());
    }
  }
}
