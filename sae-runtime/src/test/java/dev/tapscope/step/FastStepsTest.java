package dev.tapscope.step;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.cuda.EmulatedDriver;
import dev.tapscope.cuda.Precision;
import dev.tapscope.cuda.TrainingSettings;
import dev.tapscope.emulated.EmulatedGpu;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Training with preactivations as 16-bit products give them. */
final class FastStepsTest {
  private static final int WIDTH = 24;
  private static final int FEATURES = 48;

  /** More than the encoder takes without a screen, which is exact. */
  private static final int ROWS = 32;

  private static final int STEPS = 90;
  private static final double BANDWIDTH = 0.1;
  private static final double COEFFICIENT = 2e-3;

  /** Of a preactivation, as a share of {@code |x| |w|}: see {@link Precision#FAST}. */
  private static final double ROUNDING = 0x1p-10 + WIDTH * 0x1p-22;

  /** Sums in single precision. */
  private static final double SINGLE = 1e-5;

  private final double[][] dictionary = dictionary();

  @BeforeEach
  void takeUpTheDriver() {
    EmulatedDriver.require();
  }

  @AfterEach
  void forgetSettings() {
    EmulatedDriver.configure("");
  }

  private static double[][] dictionary() {
    Random random = new Random(5);
    return IntStream.range(0, FEATURES / 2)
        .mapToObj(_ -> direction(random))
        .toArray(double[][]::new);
  }

  private static double[] direction(Random random) {
    double[] values = IntStream.range(0, WIDTH).mapToDouble(_ -> random.nextGaussian()).toArray();
    double norm = norm(values, 0, WIDTH);
    return IntStream.range(0, WIDTH).mapToDouble(i -> values[i] / norm).toArray();
  }

  private static double norm(double[] values, int from, int count) {
    double square = 0;
    for (int i = from; i < from + count; i++) {
      square += values[i] * values[i];
    }
    return Math.sqrt(square);
  }

  private static double product(double[] row, double[] values, int from) {
    double sum = 0;
    for (int i = 0; i < row.length; i++) {
      sum += row[i] * values[from + i];
    }
    return sum;
  }

  /** Each row is the sum of a few directions of the dictionary. */
  private DoubleRows rows(int step) {
    Random random = new Random(100 + step);
    double[] x = new double[ROWS * WIDTH];
    for (int r = 0; r < ROWS; r++) {
      for (int n = 0; n < 3; n++) {
        double[] direction = dictionary[random.nextInt(dictionary.length)];
        double much = 0.5 + random.nextDouble();
        for (int i = 0; i < WIDTH; i++) {
          x[r * WIDTH + i] += (float) (much * direction[i]);
        }
      }
    }
    return new DoubleRows(x, x, ROWS);
  }

  private static Method method(Precision precision) {
    return new Method(
        new Sparsity.L0(),
        BANDWIDTH,
        true,
        false,
        ThresholdForm.LOG,
        true,
        Adam.GEMMA_SCOPE,
        OptionalDouble.empty(),
        precision);
  }

  private static CudaSae made(Precision precision) {
    return new CudaSae(
        EmulatedGpu.opened(),
        new Dimensions(WIDTH, FEATURES, WIDTH),
        method(precision),
        TrainingSettings.NEVER_DENSE);
  }

  private static CudaSae begun(Precision precision) {
    CudaSae sae = made(precision);
    Random random = new Random(3);
    double[] directions = new double[FEATURES * WIDTH];
    for (int f = 0; f < FEATURES; f++) {
      System.arraycopy(direction(random), 0, directions, f * WIDTH, WIDTH);
    }
    TrainingArrays.write(sae, "W_enc", directions);
    TrainingArrays.write(sae, "W_dec", directions);
    double[] thresholds = new double[FEATURES];
    Arrays.fill(thresholds, Math.log(0.2));
    TrainingArrays.write(sae, "log_threshold", thresholds);
    return sae;
  }

  private StepReport step(CudaSae sae, int step) {
    return sae.step(TrainingArrays.batch(rows(step)), new Rates(5e-3, COEFFICIENT));
  }

  /** Mean loss of the steps. */
  private double train(CudaSae sae, int from, int to) {
    double loss = 0;
    for (int step = from; step < to; step++) {
      loss += step(sae, step).loss();
    }
    return loss / (to - from);
  }

  /** Gates near their thresholds turn, and the two go apart; but not in how well they learn. */
  @Test
  void itLearnsAsTheExactOneDoes() {
    try (CudaSae fast = begun(Precision.FAST);
        CudaSae exact = begun(Precision.EXACT)) {
      double first = train(fast, 0, 10);
      train(fast, 10, STEPS - 10);
      double last = train(fast, STEPS - 10, STEPS);
      train(exact, 0, STEPS - 10);
      double lastExact = train(exact, STEPS - 10, STEPS);
      System.out.printf("loss %.4f, then %.5f; exact %.5f%n", first, last, lastExact);
      assertTrue(last < first / 4, first + " fell to " + last);
      assertEquals(lastExact, last, 0.01 * lastExact);
    }
  }

  /**
   * What each step says of its loss, against an exact one from the same arrays: no preactivation is
   * farther off than rounding can make it, and nothing else differs.
   */
  @Test
  void aStepIsWithinTheBoundOfItsRounding() {
    double most = 0;
    double widest = 0;
    try (CudaSae fast = begun(Precision.FAST);
        CudaSae exact = made(Precision.EXACT)) {
      for (int step = 0; step < STEPS; step++) {
        if (step % 10 == 9) {
          TrainingArrays.restore(exact, TrainingArrays.snapshot(fast));
          double bound = bound(exact, rows(step));
          double wanted = step(exact, step).loss();
          double off = Math.abs(step(fast, step).loss() - wanted);
          assertTrue(off <= bound + SINGLE * wanted, off + " is more than " + bound);
          most = Math.max(most, off / wanted);
          widest = Math.max(widest, bound / wanted);
        } else {
          step(fast, step);
        }
      }
    }
    System.out.printf("off by %.1e of the loss, bound %.1e%n", most, widest);
    assertTrue(most > 0, "never another loss: was it fast?");
    assertTrue(widest < 0.1, "a bound that says little: " + widest);
  }

  /**
   * How far the loss can be off where each preactivation is by {@link #ROUNDING} {@code |x| |w|}: a
   * feature is off by as much, or by all of it where that may turn its gate. With {@code e = y -
   * xhat} and features off by {@code g}, {@code |e - g W_dec|^2} is off by at most {@code 2 sum |g|
   * |e . W_dec[f]| + (sum |g| |W_dec[f]|)^2}.
   */
  private static double bound(CudaSae sae, DoubleRows rows) {
    Activations exact = sae.activations(TrainingArrays.batch(rows));
    double[] encoder = TrainingArrays.read(sae, "W_enc");
    double[] decoder = TrainingArrays.read(sae, "W_dec");
    double[] bias = TrainingArrays.read(sae, "b_dec");
    double[] logarithms = TrainingArrays.read(sae, "log_threshold");
    double sum = 0;
    for (int r = 0; r < ROWS; r++) {
      double[] x = new double[WIDTH];
      double[] error = new double[WIDTH];
      for (int i = 0; i < WIDTH; i++) {
        x[i] = rows.x()[r * WIDTH + i] - bias[i];
        error[i] = rows.x()[r * WIDTH + i] - exact.xhat()[r * WIDTH + i];
      }
      double along = 0;
      double moved = 0;
      int turned = 0;
      for (int f = 0; f < FEATURES; f++) {
        double z = exact.z()[r * FEATURES + f];
        double off = ROUNDING * norm(x, 0, WIDTH) * norm(encoder, f * WIDTH, WIDTH);
        double threshold = Math.exp(logarithms[f]);
        assertTrue(off < BANDWIDTH / 2, "what was not kept could be active");
        double feature = 0;
        if (Math.abs(z - threshold) <= off) {
          feature = z + off;
          turned++;
        } else if (z > threshold) {
          feature = off;
        }
        along += feature * Math.abs(product(error, decoder, f * WIDTH));
        moved += feature * norm(decoder, f * WIDTH, WIDTH);
      }
      sum += 2 * along + moved * moved + COEFFICIENT * turned;
    }
    return sum / ROWS;
  }

  @Test
  void twoTrainingsAndOneThatIsGoneOnWithHaveTheSameBits() {
    Map<String, MemorySegment> bits;
    try (CudaSae first = begun(Precision.FAST)) {
      train(first, 0, 20);
      bits = TrainingArrays.snapshot(first);
    }
    EmulatedDriver.configure("order=reverse");
    try (CudaSae second = begun(Precision.FAST);
        CudaSae resumed = made(Precision.FAST)) {
      train(second, 0, 9);
      TrainingArrays.restore(resumed, TrainingArrays.snapshot(second));
      train(second, 9, 20);
      TrainingArrays.assertUnchanged(bits, second);
      EmulatedDriver.configure("order=5");
      train(resumed, 9, 20);
      TrainingArrays.assertUnchanged(bits, resumed);
    }
    try (CudaSae exact = begun(Precision.EXACT)) {
      train(exact, 0, 20);
      assertFalse(
          bits.get("W_enc").mismatch(TrainingArrays.snapshot(exact).get("W_enc")) < 0,
          "exact bits: was it fast?");
    }
  }

  @Test
  void theCpuIsNeverFast() {
    Dimensions sizes = new Dimensions(WIDTH, FEATURES, WIDTH);
    Method fast = method(Precision.FAST);
    assertThrows(IllegalArgumentException.class, () -> Steps.plain(sizes, fast));
    assertThrows(IllegalArgumentException.class, () -> Steps.sparse(sizes, fast, 1));
  }
}
