package dev.tapscope.step;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.fixtures.Difference;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every implementation against the plain one, at sizes and with methods the oracle lacks. */
final class StepSizesTest {
  private static final int STEPS = 5;
  private static final Rates RATES = new Rates(7e-6, 0.01);

  /** Sizes that leave rests of vectors, tiles and blocks, and rows that are fewer than those. */
  static Stream<Arguments> cases() {
    List<Dimensions> sizes =
        List.of(
            new Dimensions(2, 1, 2),
            new Dimensions(7, 33, 5),
            new Dimensions(300, 70, 19),
            new Dimensions(33, 131, 33),
            new Dimensions(17, 515, 130));
    return Implementation.all()
        .flatMap(implementation ->
            sizes.stream()
                .flatMap(dimensions ->
                    Stream.of(1, 3, 37)
                        .map(rows -> Arguments.of(implementation, dimensions, rows))));
  }

  /** What the emulated GPU takes seconds for. */
  private static boolean isSlow(Arguments arguments) {
    Object[] all = arguments.get();
    return ((Implementation) all[0]).emulated()
        && ((Dimensions) all[1]).features() * (int) all[2] > 1000;
  }

  static Stream<Arguments> fastCases() {
    return cases().filter(arguments -> !isSlow(arguments));
  }

  static Stream<Arguments> slowCases() {
    return cases().filter(StepSizesTest::isSlow);
  }

  @ParameterizedTest
  @MethodSource("fastCases")
  void everyMethodAgreesWithPlain(Implementation implementation, Dimensions dimensions, int rows) {
    allMethods(implementation, dimensions, rows);
  }

  @ParameterizedTest
  @MethodSource("slowCases")
  @Tag("full")
  void everyMethodAgreesAtLargerSizes(
      Implementation implementation, Dimensions dimensions, int rows) {
    allMethods(implementation, dimensions, rows);
  }

  private static void allMethods(Implementation implementation, Dimensions dimensions, int rows) {
    List<Sparsity> sparsities =
        List.of(new Sparsity.L0(), new Sparsity.TargetL0(3), new Sparsity.Tanh(4));
    for (Sparsity sparsity : sparsities) {
      for (ThresholdForm form : ThresholdForm.values()) {
        // What can be switched on and off is on with one form and off with the other.
        boolean log = form == ThresholdForm.LOG;
        Adam adam = log ? new Adam(0.9, 0.999, 1e-8) : Adam.GEMMA_SCOPE;
        OptionalDouble clip = log ? OptionalDouble.of(0.1) : OptionalDouble.empty();
        boolean preBias = log && dimensions.inputs() == dimensions.outputs();
        agrees(
            implementation,
            dimensions,
            rows,
            new Method(sparsity, 0.2, preBias, log, form, !log, adam, clip));
      }
    }
  }

  private static void agrees(
      Implementation implementation, Dimensions dimensions, int rows, Method method) {
    try (PlainSae plain = new PlainSae(dimensions, method, false);
        SaeInTraining sae = implementation.make(dimensions, method)) {
      begin(plain);
      begin(sae);
      double tolerance = implementation.tolerance();
      for (int t = 0; t < STEPS; t++) {
        DoubleRows batch = rows(dimensions, rows, t);
        StepReport expected = plain.step(batch, RATES);
        StepReport actual = implementation.step(sae, batch, RATES);
        near("loss", expected.loss(), actual.loss(), tolerance);
        near("l0", expected.l0(), actual.l0(), 1e-12);
        near("in band", expected.inBand(), actual.inBand(), 1e-12);
        near("share", expected.sparsityShare(), actual.sparsityShare(), 10 * tolerance);
        near("norm", expected.gradientNorm(), actual.gradientNorm(), 10 * tolerance);
      }
      for (String name :
          List.of("W_enc", "W_dec", "b_enc", "b_dec", method.thresholdForm().arrayName())) {
        agree(
            method,
            name,
            TrainingArrays.read(sae, name),
            TrainingArrays.read(plain, name),
            tolerance);
        double[] expected = TrainingArrays.secondMoments(plain, name);
        double[] actual = TrainingArrays.secondMoments(sae, name);
        agree(method, "v." + name, actual, expected, 5 * tolerance);
        if (method.adam().beta1() != 0) {
          double[] m = TrainingArrays.read(plain, "m." + name);
          agree(method, "m." + name, TrainingArrays.read(sae, "m." + name), m, 5 * tolerance);
        }
      }
      for (String name : List.of("steps", "tokens_since_fired")) {
        agree(method, name, TrainingArrays.read(sae, name), TrainingArrays.read(plain, name), 0);
      }
    }
  }

  private static void near(String name, double expected, double actual, double tolerance) {
    boolean agree =
        Double.isNaN(expected)
            ? Double.isNaN(actual)
            : Math.abs(expected - actual) <= tolerance * Math.abs(expected);
    assertTrue(agree, () -> "%s: %s for %s".formatted(name, actual, expected));
  }

  private static void agree(
      Method method, String name, double[] actual, double[] expected, double tolerance) {
    Difference difference = Difference.between(actual, expected);
    assertTrue(difference.within(tolerance), method + ", " + name + ": " + difference);
  }

  private static DoubleRows rows(Dimensions dimensions, int rows, int t) {
    Random random = new Random(90 + t);
    double[] x = gaussians(random, rows * dimensions.inputs(), 1);
    double[] y =
        dimensions.inputs() == dimensions.outputs()
            ? x
            : gaussians(random, rows * dimensions.outputs(), 1);
    return new DoubleRows(x, y, rows);
  }

  private static void begin(SaeInTraining sae) {
    Dimensions sizes = sae.dimensions();
    Random random = new Random(11);
    double scale = 1 / Math.sqrt(sizes.inputs());
    TrainingArrays.write(sae, "W_enc", gaussians(random, sizes.features() * sizes.inputs(), scale));
    TrainingArrays.write(sae, "W_dec", unitRows(random, sizes.features(), sizes.outputs()));
    TrainingArrays.write(sae, "b_enc", gaussians(random, sizes.features(), 0.1));
    TrainingArrays.write(sae, "b_dec", gaussians(random, sizes.outputs(), 0.1));
    double[] thresholds = new double[sizes.features()];
    boolean log = sae.method().thresholdForm() == ThresholdForm.LOG;
    for (int k = 0; k < thresholds.length; k++) {
      double threshold = 0.05 + 0.5 * random.nextDouble();
      thresholds[k] = (float) (log ? StrictMath.log(threshold) : threshold);
    }
    TrainingArrays.write(sae, sae.method().thresholdForm().arrayName(), thresholds);
  }

  private static double[] unitRows(Random random, int rows, int width) {
    double[] values = gaussians(random, rows * width, 1);
    for (int first = 0; first < values.length; first += width) {
      double squares = 0;
      for (int i = first; i < first + width; i++) {
        squares += values[i] * values[i];
      }
      for (int i = first; i < first + width; i++) {
        values[i] /= Math.sqrt(squares);
      }
    }
    return values;
  }

  private static double[] gaussians(Random random, int count, double scale) {
    double[] values = new double[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) (scale * random.nextGaussian());
    }
    return values;
  }
}
