package dev.tapscope.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Features that are on for so many rows that several blocks share them. */
final class LongListsTest {
  private static final int ROWS = 600;
  private static final double COEFFICIENT = 0.01;

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

  /** Most of what is drawn is above its threshold; every fifth feature is rare. */
  private record Problem(
      int width,
      int features,
      TrainingSettings settings,
      double[] encoder,
      double[] decoder,
      double[] decoderBias,
      double[] threshold,
      double[] x) {

    static Problem drawn(int width, int features) {
      TrainingSettings settings =
          new TrainingSettings(
              new TrainingSettings.L0(),
              0.05,
              true,
              false,
              false,
              true,
              0,
              0.999,
              1e-8,
              OptionalDouble.of(0.3),
              TrainingSettings.NEVER_DENSE,
              Precision.EXACT);
      Random random = new Random(width);
      double[] threshold = new double[features];
      for (int f = 0; f < features; f++) {
        threshold[f] = f % 5 == 0 ? 3 : -2 + 0.001 * f;
      }
      return new Problem(
          width,
          features,
          settings,
          Training.gaussians(random, features * width, 1 / Math.sqrt(width)),
          Training.gaussians(random, features * width, 1 / Math.sqrt(width)),
          Training.gaussians(random, width, 0.1),
          rounded(threshold),
          Training.gaussians(random, ROWS * width, 1));
    }

    private static double[] rounded(double[] values) {
      return Arrays.stream(values).map(value -> (float) value).toArray();
    }

    GpuTraining begun(Gpu gpu) {
      GpuTraining sae = new GpuTraining(gpu, width, features, width, settings);
      Training.write(sae, "W_enc", encoder);
      Training.write(sae, "W_dec", decoder);
      Training.write(sae, "b_dec", decoderBias);
      Training.write(sae, "threshold", threshold);
      return sae;
    }

    /** Of all lists that are longer than one. */
    int pieces() {
      double[] f = inDouble().f;
      int pieces = 0;
      for (int k = 0; k < features; k++) {
        int count = 0;
        for (int row = 0; row < ROWS; row++) {
          count += f[row * features + k] != 0 ? 1 : 0;
        }
        pieces += count > 256 ? Math.ceilDiv(count, 256) : 0;
      }
      return pieces;
    }

    Reference inDouble() {
      Reference reference =
          new Reference(
              new Scale.Shape(ROWS, width, features, width),
              settings,
              encoder,
              decoder,
              new double[features],
              decoderBias,
              threshold,
              x);
      reference.backward(x, COEFFICIENT);
      return reference;
    }
  }

  /** Widths of whole fours and others. */
  @ParameterizedTest
  @CsvSource({"12, 20", "7, 20"})
  void gradientsAreThoseOfDoublePrecision(int width, int features) {
    Problem problem = Problem.drawn(width, features);
    Reference reference = problem.inDouble();
    assertTrue(reference.l0 > 0.5 * features, "l0 " + reference.l0);
    long runs = EmulatedDriver.count("kernel:sums_before_rows");
    try (GpuTraining sae = problem.begun(gpu)) {
      MemorySegment x = Training.floats(problem.x());
      GpuTraining.Gradients gradients = sae.gradients(x, x, ROWS, COEFFICIENT);
      requireClose(reference.encoderGradient, gradients.encoder());
      requireClose(reference.decoderGradient, gradients.decoder());
    }
    assertTrue(EmulatedDriver.count("kernel:sums_before_rows") > runs, "nothing was shared");
  }

  private static void requireClose(double[] expected, float[] gradient) {
    double largest = 0;
    for (double value : expected) {
      largest = Math.max(largest, Math.abs(value));
    }
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], gradient[i], 2e-6 * largest, "entry " + i);
    }
  }

  /**
   * There are more pieces than places, so that which features' lists are shared depends on the
   * order of blocks; no bit does.
   */
  @Test
  void bitsDoNotDependOnWhoSums() {
    Problem problem = Problem.drawn(4, 500);
    assertTrue(problem.pieces() > 1024, problem.pieces() + " pieces");
    Map<String, byte[]> first = steps(problem, "");
    for (String order : new String[] {"", "order=reverse", "order=3"}) {
      Training.assertSame(first, steps(problem, order));
    }
  }

  private Map<String, byte[]> steps(Problem problem, String order) {
    EmulatedDriver.configure(order);
    try (GpuTraining sae = problem.begun(gpu)) {
      MemorySegment x = Training.floats(problem.x());
      for (int step = 0; step < 2; step++) {
        sae.step(x, x, ROWS, 1e-3, COEFFICIENT);
      }
      return Training.snapshot(sae);
    }
  }
}
