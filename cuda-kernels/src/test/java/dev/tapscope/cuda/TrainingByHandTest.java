package dev.tapscope.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.OptionalDouble;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the oracle does not show, with numbers small enough to follow; sparse and dense. */
final class TrainingByHandTest {
  private static final double TOLERANCE = 1e-6;

  private Gpu gpu;

  @BeforeEach
  void open() {
    EmulatedDriver.require();
    gpu = Gpu.open();
  }

  @AfterEach
  void close() {
    gpu.close();
  }

  private GpuTraining free(
      int features, int outputs, double beta1, double beta2, OptionalDouble clip, double density) {
    TrainingSettings settings =
        new TrainingSettings(
            new TrainingSettings.L0(),
            0.5,
            false,
            false,
            false,
            false,
            beta1,
            beta2,
            1,
            clip,
            density,
            Precision.EXACT);
    return new GpuTraining(gpu, 1, features, outputs, settings);
  }

  private static TrainingReport step(
      GpuTraining sae, double x, MemorySegment y, double learningRate, double sparsity) {
    return sae.step(Training.floats(x), y, 1, learningRate, sparsity);
  }

  /** {@code b_dec} alone has a gradient, {@code 2 (b_dec - y)}: (-6, -8), halved by clipping. */
  @ParameterizedTest
  @ValueSource(doubles = {TrainingSettings.NEVER_DENSE, TrainingSettings.ALWAYS_DENSE})
  void clippingAndMomentum(double density) {
    try (GpuTraining sae = free(1, 2, 0.5, 0.75, OptionalDouble.of(5), density)) {
      Training.write(sae, "threshold", 100);
      TrainingReport first = step(sae, 1, Training.floats(3, 4), 0.5, 0);
      assertEquals(10, first.gradientNorm(), 10 * TOLERANCE);
      // Corrected moments are (-3, -4) and (9, 16): moves of 1/2 * 3/(3 + 1) and 1/2 * 4/(4 + 1).
      assertArrayEquals(new double[] {0.375, 0.4}, Training.read(sae, "b_dec"), TOLERANCE);
      TrainingReport second = step(sae, 1, Training.floats(0.875, 0.4), 0.5, 0);
      assertEquals(1, second.gradientNorm(), TOLERANCE);
      // Gradient (-1, 0): m = (-3/4 - 1/2, -1), less bias by 3/4; v = (27/16 + 1/4, 3), by 7/16.
      assertArrayEquals(new double[] {-1.25, -1}, Training.read(sae, "m.b_dec"), 5 * TOLERANCE);
      assertArrayEquals(new double[] {31 / 16.0, 3}, Training.read(sae, "v.b_dec"), 5 * TOLERANCE);
      double[] expected = {
        0.375 + 0.5 * (5 / 3.0) / (Math.sqrt(31 / 7.0) + 1),
        0.4 + 0.5 * (4 / 3.0) / (Math.sqrt(48 / 7.0) + 1)
      };
      assertArrayEquals(expected, Training.read(sae, "b_dec"), TOLERANCE);
    }
  }

  /** With momentum a row goes on moving when its feature is silent. */
  @ParameterizedTest
  @ValueSource(doubles = {TrainingSettings.NEVER_DENSE, TrainingSettings.ALWAYS_DENSE})
  void momentumMovesSilentRows(double density) {
    try (GpuTraining sae = free(1, 1, 0.5, 0.75, OptionalDouble.empty(), density)) {
      Training.write(sae, "W_enc", 1);
      Training.write(sae, "W_dec", 1);
      Training.write(sae, "threshold", 0.5);
      step(sae, 1, Training.floats(0), 0.5, 0);
      // f = 1 is wrong by 1: W_dec's gradient is 2, and it moves by 1/2 * 2/(2 + 1).
      double moved = 1 - 1 / 3.0;
      assertArrayEquals(new double[] {moved}, Training.read(sae, "W_dec"), TOLERANCE);
      step(sae, 0, Training.floats(0), 0.5, 0);
      // m = 1/2 and v = 3/4, less bias 2/3 and 12/7.
      double again = 0.5 * (2 / 3.0) / (Math.sqrt(12 / 7.0) + 1);
      assertArrayEquals(new double[] {moved - again}, Training.read(sae, "W_dec"), TOLERANCE);
      assertArrayEquals(new double[] {0.5}, Training.read(sae, "m.W_dec"), TOLERANCE);
      assertArrayEquals(new double[] {0.75}, Training.read(sae, "v.W_dec"), TOLERANCE);
    }
  }

  /** Reconstruction pulls the threshold below 0; the penalty raises it again. */
  @ParameterizedTest
  @ValueSource(doubles = {TrainingSettings.NEVER_DENSE, TrainingSettings.ALWAYS_DENSE})
  void aDirectThresholdStaysAboveZero(double density) {
    try (GpuTraining sae = free(1, 1, 0, 0.999, OptionalDouble.empty(), density)) {
      Training.write(sae, "W_enc", 1);
      Training.write(sae, "W_dec", 1);
      Training.write(sae, "threshold", 0.25);
      TrainingReport report = step(sae, 0.3125, Training.floats(100), 1, 0);
      assertEquals(Float.MIN_NORMAL, Training.read(sae, "threshold")[0]);
      assertEquals(0.25, report.thresholdMovement(), 1e-7);
      Training.write(sae, "W_enc", 1);
      Training.write(sae, "b_enc", 0);
      step(sae, 0, Training.floats(0), 1, 1e6);
      assertTrue(Training.read(sae, "threshold")[0] > 0.5);
    }
  }

  /** Feature 0 fires on the last of three rows, feature 1 on none; then both are silent. */
  @ParameterizedTest
  @ValueSource(doubles = {TrainingSettings.NEVER_DENSE, TrainingSettings.ALWAYS_DENSE})
  void tokensAreCountedByBatches(double density) {
    try (GpuTraining sae = free(2, 1, 0, 0.999, OptionalDouble.empty(), density)) {
      Training.write(sae, "W_enc", 1, -1);
      Training.write(sae, "threshold", 0.5, 0.5);
      MemorySegment three = Training.floats(0, 0, 1);
      sae.step(three, three, 3, 0, 0);
      assertArrayEquals(new double[] {0, 3}, Training.read(sae, "tokens_since_fired"));
      assertArrayEquals(new double[] {1, 0}, Training.read(sae, "settled"));
      MemorySegment two = Training.floats(0, 0);
      sae.step(two, two, 2, 0, 0);
      assertArrayEquals(new double[] {2, 5}, Training.read(sae, "tokens_since_fired"));
      assertArrayEquals(new double[] {2}, Training.read(sae, "steps"));
    }
  }
}
