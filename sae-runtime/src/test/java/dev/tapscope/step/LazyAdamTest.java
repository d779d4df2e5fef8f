package dev.tapscope.step;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.cuda.TrainingSettings;
import dev.tapscope.emulated.EmulatedGpu;
import dev.tapscope.fixtures.Difference;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** With beta1 = 0, rows without a gradient can be left alone until they have one again. */
final class LazyAdamTest {
  private static final int STEPS = 600;
  private static final int ROWS = 4;
  private static final Dimensions SIZES = new Dimensions(32, 200, 32);

  /**
   * The same implementation twice; the GPU's, which has no other way, beside the CPU's.
   *
   * @param parameters largest difference of a parameter
   * @param moments largest difference of a second moment, relative to the largest of its row
   */
  record Pair(
      String name,
      BiFunction<Dimensions, Method, SaeInTraining> dense,
      BiFunction<Dimensions, Method, SaeInTraining> lazy,
      double parameters,
      double moments) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Pair> pairs() {
    return Stream.of(
        new Pair(
            "plain",
            (d, m) -> new PlainSae(d, m, false),
            (d, m) -> new PlainSae(d, m, true),
            1e-14,
            1e-14),
        new Pair(
            "sparse",
            (d, m) -> new SparseSae(d, m, 1, PhaseClock.NONE, false),
            (d, m) -> new SparseSae(d, m, 1, PhaseClock.NONE, true),
            1.2e-7,
            5e-6),
        new Pair(
            "cuda",
            (d, m) -> new SparseSae(d, m, 1, PhaseClock.NONE, false),
            (d, m) -> new CudaSae(EmulatedGpu.opened(), d, m, TrainingSettings.NEVER_DENSE),
            1e-6,
            2e-5));
  }

  static Stream<Arguments> onCpu() {
    return withMethods(pairs().filter(pair -> !pair.name().equals("cuda")));
  }

  static Stream<Arguments> onGpu() {
    return withMethods(pairs().filter(pair -> pair.name().equals("cuda")));
  }

  private static Stream<Arguments> withMethods(Stream<Pair> pairs) {
    return pairs.flatMap(pair ->
        Stream.of(
            Arguments.of(pair, ThresholdForm.DIRECT, OptionalDouble.empty()),
            Arguments.of(pair, ThresholdForm.LOG, OptionalDouble.of(0.5))));
  }

  @ParameterizedTest
  @MethodSource("onCpu")
  void lazyAndDenseAgreeAfterSixHundredSteps(Pair pair, ThresholdForm form, OptionalDouble clip) {
    lazyAndDenseAgree(pair, form, clip);
  }

  /** So many steps take the emulated GPU a quarter of a minute. */
  @ParameterizedTest
  @MethodSource("onGpu")
  @Tag("full")
  void lazyAndDenseAgreeOnTheGpu(Pair pair, ThresholdForm form, OptionalDouble clip) {
    lazyAndDenseAgree(pair, form, clip);
  }

  private static void lazyAndDenseAgree(Pair pair, ThresholdForm form, OptionalDouble clip) {
    Method method = method(form, clip);
    try (SaeInTraining dense = pair.dense().apply(SIZES, method);
        SaeInTraining lazy = pair.lazy().apply(SIZES, method)) {
      begin(dense);
      begin(lazy);
      int alone = 0;
      double longest = 0;
      double[] silent = new double[SIZES.features()];
      for (int t = 0; t < STEPS; t++) {
        Batch batch = TrainingArrays.batch(rows(t));
        dense.step(batch, rates(t));
        lazy.step(batch, rates(t));
        double[] now = TrainingArrays.read(lazy, "tokens_since_fired");
        for (int k = 0; k < now.length; k++) {
          alone += now[k] > 0 ? 1 : 0;
          longest = Math.max(longest, now[k] == 0 ? silent[k] / ROWS : 0);
        }
        silent = now;
      }
      double share = alone / (double) (STEPS * SIZES.features());
      assertTrue(share > 0.9, "only " + share + " of all rows were left alone");
      assertTrue(longest > 100, "no row had a gradient again after " + longest + " steps");
      double parameters = 0;
      double moments = 0;
      for (String name : List.of("W_enc", "W_dec", "b_enc", "b_dec", form.arrayName())) {
        parameters = Math.max(parameters, parameterDifference(name, dense, lazy));
        moments = Math.max(moments, momentDifference(name, dense, lazy));
      }
      System.out.printf(
          "%s, %s: %.1f %% of all rows left alone, for up to %.0f steps; lazy and dense differ by"
              + " %.1e in parameters, %.1e in second moments%n",
          pair, form, 100 * share, longest, parameters, moments);
      assertTrue(parameters <= pair.parameters(), "parameters differ by " + parameters);
      assertTrue(moments <= pair.moments(), "second moments differ by " + moments);
    }
  }

  /** What is left alone is left to the very bit. */
  @ParameterizedTest
  @MethodSource("pairs")
  void aRowWithoutAGradientKeepsItsBits(Pair pair) {
    try (SaeInTraining lazy =
        pair.lazy().apply(SIZES, method(ThresholdForm.DIRECT, OptionalDouble.empty()))) {
      begin(lazy);
      lazy.step(TrainingArrays.batch(rows(0)), rates(0));
      double[] before = TrainingArrays.read(lazy, "W_enc");
      lazy.step(TrainingArrays.batch(rows(1)), rates(1));
      double[] after = TrainingArrays.read(lazy, "W_enc");
      double[] silent = TrainingArrays.read(lazy, "tokens_since_fired");
      double[] settled = TrainingArrays.read(lazy, "settled");
      int moved = 0;
      for (int i = 0; i < before.length; i++) {
        int feature = i / SIZES.inputs();
        if (silent[feature] > 0) {
          assertEquals(before[i], after[i]);
        } else {
          assertEquals(2, settled[feature]);
          moved += before[i] == after[i] ? 0 : 1;
        }
      }
      assertTrue(moved > 0, "no row was touched");
    }
  }

  @Test
  void momentumForbidsIt() {
    Method method =
        new Method(
            new Sparsity.L0(),
            0.1,
            false,
            false,
            ThresholdForm.DIRECT,
            true,
            new Adam(0.9, 0.999, 1e-8),
            OptionalDouble.empty());
    assertThrows(IllegalArgumentException.class, () -> new PlainSae(SIZES, method, true));
  }

  private static double parameterDifference(String name, SaeInTraining dense, SaeInTraining lazy) {
    double[] expected = TrainingArrays.read(dense, name);
    return Difference.between(TrainingArrays.read(lazy, name), expected).absolute();
  }

  private static double momentDifference(String name, SaeInTraining dense, SaeInTraining lazy) {
    double[] expected = TrainingArrays.secondMoments(dense, name);
    double[] actual = TrainingArrays.secondMoments(lazy, name);
    int width = name.startsWith("W_") ? SIZES.inputs() : expected.length;
    double largest = 0;
    for (int at = 0; at < expected.length; at += width) {
      Difference row =
          Difference.between(
              Arrays.copyOfRange(actual, at, at + width),
              Arrays.copyOfRange(expected, at, at + width));
      largest = Math.max(largest, row.relative());
    }
    return largest;
  }

  private static Method method(ThresholdForm form, OptionalDouble clip) {
    return new Method(new Sparsity.L0(), 0.1, true, false, form, true, Adam.GEMMA_SCOPE, clip);
  }

  private static Rates rates(int t) {
    return new Rates(1e-4 * (0.1 + 0.9 * t / STEPS), 1e-3 * t / STEPS);
  }

  /**
   * Encoder and decoder rows are random directions; a feature fires where the input has its own.
   */
  private static void begin(SaeInTraining sae) {
    double[] directions = directions();
    TrainingArrays.write(sae, "W_dec", directions);
    TrainingArrays.write(sae, "W_enc", Arrays.stream(directions).map(w -> 0.9 * w).toArray());
    double[] thresholds = new double[SIZES.features()];
    boolean log = sae.method().thresholdForm() == ThresholdForm.LOG;
    Arrays.fill(thresholds, log ? StrictMath.log(0.6) : 0.6);
    TrainingArrays.write(sae, sae.method().thresholdForm().arrayName(), thresholds);
  }

  /** Each row is one direction and some noise; the first directions come most often. */
  private static DoubleRows rows(int t) {
    Random random = new Random(1_000 + t);
    double[] directions = directions();
    int width = SIZES.inputs();
    double[] x = new double[ROWS * width];
    for (int r = 0; r < ROWS; r++) {
      int feature = (int) (SIZES.features() * Math.pow(random.nextDouble(), 2));
      for (int i = 0; i < width; i++) {
        double noise = 0.02 * random.nextGaussian();
        x[r * width + i] = (float) (directions[feature * width + i] + noise);
      }
    }
    return new DoubleRows(x, x, ROWS);
  }

  private static double[] directions() {
    Random random = new Random(7);
    double[] rows = new double[SIZES.features() * SIZES.inputs()];
    for (int first = 0; first < rows.length; first += SIZES.inputs()) {
      double squares = 0;
      for (int i = first; i < first + SIZES.inputs(); i++) {
        rows[i] = random.nextGaussian();
        squares += rows[i] * rows[i];
      }
      for (int i = first; i < first + SIZES.inputs(); i++) {
        rows[i] /= Math.sqrt(squares);
      }
    }
    return rows;
  }
}
