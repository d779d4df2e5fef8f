package dev.tapscope.step;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the oracle does not show, with numbers small enough to follow. */
final class StepByHandTest {
  private static final String IMPLEMENTATIONS = "dev.tapscope.step.Implementation#all";

  /**
   * One feature of a tanh penalty, with {@code b_dec} taken off: {@code z = (1 - 1/4) 2 - 1/4 =
   * 5/4} against the threshold 1; {@code xhat = 5/4 * 1/2 + 1/4 = 7/8}, off by -1/8. The penalty's
   * argument is {@code 4 * 5/4 * 1/2 = 5/2}.
   */
  @ParameterizedTest
  @MethodSource(IMPLEMENTATIONS)
  void theTanhPenaltyHasItsPartInEveryGradient(Implementation implementation) {
    Method method =
        new Method(
            new Sparsity.Tanh(4),
            1,
            true,
            false,
            ThresholdForm.DIRECT,
            false,
            Adam.GEMMA_SCOPE,
            OptionalDouble.empty());
    try (SaeInTraining sae = implementation.make(new Dimensions(1, 1, 1), method)) {
      begin(sae, 2, 0.5, -0.25, 0.25, 1);
      DoubleRows one = rows(1, 1);
      Gradients g = implementation.gradients(sae, one, 0.5);
      double slope = 1 / (Math.cosh(2.5) * Math.cosh(2.5));
      double dz = 2 * -0.125 * 0.5 + 0.5 * 4 * 0.5 * slope;
      double tolerance = implementation.tolerance();
      assertArrayEquals(new double[] {dz}, g.encoderBias(), tolerance);
      assertArrayEquals(new double[] {0.75 * dz}, g.encoder(), tolerance);
      double dDecoder = 1.25 * 2 * -0.125 + 0.5 * 4 * 1.25 * slope;
      assertArrayEquals(new double[] {dDecoder}, g.decoder(), tolerance);
      assertArrayEquals(new double[] {dDecoder}, g.projectedDecoder(), tolerance);
      assertArrayEquals(new double[] {-0.25 - 2 * dz}, g.decoderBias(), tolerance);
      assertArrayEquals(new double[] {0.125}, g.thresholdReconstruction(), tolerance);
      assertArrayEquals(new double[] {-slope}, g.thresholdSparsity(), tolerance);
      StepReport report = implementation.step(sae, one, new Rates(0, 0.5));
      assertEquals(1 / 64.0 + 0.5 * Math.tanh(2.5), report.loss(), tolerance);
      assertEquals(slope / (slope + 0.125), report.sparsityShare(), tolerance);
    }
  }

  /** {@code b_dec} alone has a gradient, {@code 2 (b_dec - y)}: (-6, -8), halved by clipping. */
  @ParameterizedTest
  @MethodSource(IMPLEMENTATIONS)
  void clippingAndMomentum(Implementation implementation) {
    Adam adam = new Adam(0.5, 0.75, 1);
    try (SaeInTraining sae =
        implementation.make(new Dimensions(1, 1, 2), free(adam, OptionalDouble.of(5)))) {
      TrainingArrays.write(sae, "threshold", 100);
      Rates rates = new Rates(0.5, 0);
      StepReport first =
          implementation.step(sae, new DoubleRows(new double[] {1}, new double[] {3, 4}, 1), rates);
      double tolerance = implementation.tolerance();
      assertEquals(10, first.gradientNorm(), 10 * tolerance);
      // Corrected moments are (-3, -4) and (9, 16): moves of 1/2 * 3/(3 + 1) and 1/2 * 4/(4 + 1).
      assertArrayEquals(new double[] {0.375, 0.4}, TrainingArrays.read(sae, "b_dec"), tolerance);
      StepReport second =
          implementation.step(
              sae, new DoubleRows(new double[] {1}, new double[] {0.875, 0.4}, 1), rates);
      assertEquals(1, second.gradientNorm(), tolerance);
      // Gradient (-1, 0): m = (-3/4 - 1/2, -1), less bias by 3/4; v = (27/16 + 1/4, 3), by 7/16.
      assertArrayEquals(
          new double[] {-1.25, -1}, TrainingArrays.read(sae, "m.b_dec"), 5 * tolerance);
      assertArrayEquals(
          new double[] {31 / 16.0, 3}, TrainingArrays.read(sae, "v.b_dec"), 5 * tolerance);
      assertArrayEquals(
          new double[] {
            0.375 + 0.5 * (5 / 3.0) / (Math.sqrt(31 / 7.0) + 1),
            0.4 + 0.5 * (4 / 3.0) / (Math.sqrt(48 / 7.0) + 1)
          },
          TrainingArrays.read(sae, "b_dec"),
          tolerance);
    }
  }

  /** With momentum a row goes on moving when its feature is silent. */
  @ParameterizedTest
  @MethodSource(IMPLEMENTATIONS)
  void momentumMovesSilentRows(Implementation implementation) {
    Adam adam = new Adam(0.5, 0.75, 1);
    try (SaeInTraining sae =
        implementation.make(new Dimensions(1, 1, 1), free(adam, OptionalDouble.empty()))) {
      begin(sae, 1, 1, 0, 0, 0.5);
      implementation.step(sae, rows(1, 0), new Rates(0.5, 0));
      // f = 1 is wrong by 1: W_dec's gradient is 2, and it moves by 1/2 * 2/(2 + 1).
      double tolerance = implementation.tolerance();
      double moved = 1 - 1 / 3.0;
      assertArrayEquals(new double[] {moved}, TrainingArrays.read(sae, "W_dec"), tolerance);
      implementation.step(sae, rows(0, 0), new Rates(0.5, 0));
      // m = 1/2 and v = 3/4, less bias 2/3 and 12/7.
      double again = 0.5 * (2 / 3.0) / (Math.sqrt(12 / 7.0) + 1);
      assertArrayEquals(new double[] {moved - again}, TrainingArrays.read(sae, "W_dec"), tolerance);
      assertArrayEquals(new double[] {0.5}, TrainingArrays.read(sae, "m.W_dec"), tolerance);
      assertArrayEquals(new double[] {0.75}, TrainingArrays.secondMoments(sae, "W_dec"), tolerance);
    }
  }

  /** Reconstruction pulls the threshold below 0; the sparsity term raises it again. */
  @ParameterizedTest
  @MethodSource(IMPLEMENTATIONS)
  void aDirectThresholdStaysAboveZero(Implementation implementation) {
    Method method = free(Adam.GEMMA_SCOPE, OptionalDouble.empty());
    try (SaeInTraining sae = implementation.make(new Dimensions(1, 1, 1), method)) {
      begin(sae, 1, 1, 0, 0, 0.25);
      StepReport report = implementation.step(sae, rows(0.3125, 100), new Rates(1, 0));
      assertEquals(ThresholdForm.SMALLEST, TrainingArrays.read(sae, "threshold")[0]);
      assertEquals(0.25, report.thresholdMovement(), 1e-7);
      TrainingArrays.write(sae, "W_enc", 1);
      TrainingArrays.write(sae, "b_enc", 0);
      implementation.step(sae, rows(0, 0), new Rates(1, 1e6));
      assertTrue(TrainingArrays.read(sae, "threshold")[0] > 0.5);
    }
  }

  /** Feature 0 fires on the last of three rows, feature 1 on none; then both are silent. */
  @ParameterizedTest
  @MethodSource(IMPLEMENTATIONS)
  void tokensAreCountedByBatches(Implementation implementation) {
    Method method = free(Adam.GEMMA_SCOPE, OptionalDouble.empty());
    try (SaeInTraining sae = implementation.make(new Dimensions(1, 2, 1), method)) {
      TrainingArrays.write(sae, "W_enc", 1, -1);
      TrainingArrays.write(sae, "threshold", 0.5, 0.5);
      double[] three = {0, 0, 1};
      StepReport report =
          implementation.step(sae, new DoubleRows(three, three, 3), new Rates(0, 0));
      assertEquals(1 / 3.0, report.l0(), 1e-15);
      assertArrayEquals(new double[] {0, 3}, TrainingArrays.read(sae, "tokens_since_fired"));
      double[] two = {0.5, 0};
      implementation.step(sae, new DoubleRows(two, two, 2), new Rates(0, 0));
      assertArrayEquals(new double[] {2, 5}, TrainingArrays.read(sae, "tokens_since_fired"));
      assertArrayEquals(new double[] {2}, TrainingArrays.read(sae, "steps"));
    }
  }

  @ParameterizedTest
  @MethodSource(IMPLEMENTATIONS)
  void whatIsNotFiniteChangesNothing(Implementation implementation) {
    Method method = free(Adam.GEMMA_SCOPE, OptionalDouble.empty());
    try (SaeInTraining sae = implementation.make(new Dimensions(1, 1, 1), method)) {
      begin(sae, 1, 1, 0, 0, 0.5);
      Rates rates = new Rates(0.5, 0.1);
      implementation.step(sae, rows(1, 0), rates);
      // A preactivation that is no number opens no gate, so that the loss alone would not show it.
      refusesAndKeeps(implementation, sae, rows(Double.NaN, 0));
      refusesAndKeeps(implementation, sae, rows(Double.NEGATIVE_INFINITY, 0));
      refusesAndKeeps(implementation, sae, rows(1, Double.NaN));
      TrainingArrays.write(sae, "W_dec", 1e200);
      refusesAndKeeps(implementation, sae, rows(4, 0));
    }
  }

  @ParameterizedTest
  @MethodSource(IMPLEMENTATIONS)
  void batchesOfOtherWidthsAreRefused(Implementation implementation) {
    Method method = free(Adam.GEMMA_SCOPE, OptionalDouble.empty());
    try (SaeInTraining sae = implementation.make(new Dimensions(2, 3, 4), method)) {
      Map<String, MemorySegment> before = TrainingArrays.snapshot(sae);
      Rates rates = new Rates(0.5, 0.1);
      for (int[] sizes : new int[][] {{5, 8, 2}, {4, 6, 2}, {0, 0, 0}, {-2, -4, -1}}) {
        Batch batch =
            TrainingArrays.batch(
                new DoubleRows(
                    new double[Math.max(0, sizes[0])],
                    new double[Math.max(0, sizes[1])],
                    sizes[2]));
        assertThrows(IllegalArgumentException.class, () -> sae.step(batch, rates));
      }
      TrainingArrays.assertUnchanged(before, sae);
    }
  }

  @ParameterizedTest
  @MethodSource(IMPLEMENTATIONS)
  void aTranscoderHasNoPreBias(Implementation implementation) {
    Method method =
        new Method(
            new Sparsity.L0(),
            0.1,
            true,
            false,
            ThresholdForm.LOG,
            true,
            Adam.GEMMA_SCOPE,
            OptionalDouble.empty());
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () -> implementation.make(new Dimensions(2, 3, 4), method));
    assertTrue(refused.getMessage().contains("2 and 4 wide"), refused.getMessage());
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, -1, Double.NaN, Double.POSITIVE_INFINITY})
  void numbersWithoutAMeaningAreRefused(double value) {
    assertThrows(IllegalArgumentException.class, () -> new Sparsity.TargetL0(value));
    assertThrows(IllegalArgumentException.class, () -> new Sparsity.Tanh(value));
    assertThrows(IllegalArgumentException.class, () -> new Adam(0, 0.999, value));
    assertThrows(IllegalArgumentException.class, () -> new Adam(0, 1 + Math.abs(value), 1e-8));
    assertThrows(IllegalArgumentException.class, () -> new Adam(1 + Math.abs(value), 0.9, 1e-8));
    assertThrows(IllegalArgumentException.class, () -> new Rates(value - 1, 0));
    assertThrows(IllegalArgumentException.class, () -> new Rates(0, value - 1));
    assertThrows(
        IllegalArgumentException.class, () -> free(Adam.GEMMA_SCOPE, OptionalDouble.of(value)));
  }

  @Test
  void whatThePlainImplementationCanNotHoldIsRefusedAtOnce() {
    Method method = free(Adam.GEMMA_SCOPE, OptionalDouble.empty());
    assertThrows(
        IllegalArgumentException.class,
        () -> Steps.plain(new Dimensions(2_304, 1_048_576, 2_304), method));
  }

  private static void refusesAndKeeps(
      Implementation implementation, SaeInTraining sae, DoubleRows rows) {
    Map<String, MemorySegment> before = TrainingArrays.snapshot(sae);
    assertThrows(
        ArithmeticException.class, () -> implementation.step(sae, rows, new Rates(0.5, 0.1)));
    TrainingArrays.assertUnchanged(before, sae);
  }

  /** A transcoder's method: decoder rows of any length, a wide band. */
  private static Method free(Adam adam, OptionalDouble clip) {
    return new Method(
        new Sparsity.L0(), 0.25, false, false, ThresholdForm.DIRECT, false, adam, clip);
  }

  private static void begin(
      SaeInTraining sae,
      double encoder,
      double decoder,
      double encoderBias,
      double decoderBias,
      double threshold) {
    TrainingArrays.write(sae, "W_enc", encoder);
    TrainingArrays.write(sae, "W_dec", decoder);
    TrainingArrays.write(sae, "b_enc", encoderBias);
    TrainingArrays.write(sae, "b_dec", decoderBias);
    TrainingArrays.write(sae, "threshold", threshold);
  }

  private static DoubleRows rows(double x, double y) {
    return new DoubleRows(new double[] {x}, new double[] {y}, 1);
  }
}
