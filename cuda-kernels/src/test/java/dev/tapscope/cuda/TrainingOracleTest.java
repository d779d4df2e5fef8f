package dev.tapscope.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.fixtures.Difference;
import dev.tapscope.fixtures.OracleCase;
import dev.tapscope.fixtures.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Sparse and dense steps on the emulated driver against steps that were computed elsewhere. */
final class TrainingOracleTest {
  private static final double TOLERANCE = 2e-5;
  private static final double MOVEMENT = 0.02;
  private static final List<String> MATRICES = List.of("W_enc", "W_dec");
  private static final List<String> VECTORS = List.of("b_enc", "b_dec", "threshold");

  private Gpu gpu;

  /** How a step is taken. */
  enum Way {
    SPARSE(TrainingSettings.NEVER_DENSE),
    DENSE(TrainingSettings.ALWAYS_DENSE);

    private final double density;

    Way(double density) {
      this.density = density;
    }
  }

  static Stream<Arguments> cases() {
    return Stream.of(Way.values())
        .flatMap(way -> OracleCase.all().map(oracle -> Arguments.of(way, oracle)));
  }

  @BeforeEach
  void open() {
    EmulatedDriver.require();
    gpu = Gpu.open();
  }

  @AfterEach
  void close() {
    assertEquals(0, gpu.bytesInUse());
    gpu.close();
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("cases")
  void theForwardPassAgrees(Way way, OracleCase oracle) {
    try (GpuTraining sae = sae(way, oracle, false, true)) {
      GpuTraining.Activations activations = sae.activations(x(oracle), rows(oracle));
      agree("z", keptOrFarBelow(activations.z(), oracle), oracle.array("z"));
      double[] f = Training.doubles(activations.f());
      agree("f", f, oracle.array("f"));
      agree("xhat", Training.doubles(activations.xhat()), oracle.array("xhat"));
      double[] expected = oracle.array("f").values();
      for (int i = 0; i < expected.length; i++) {
        assertEquals(expected[i] != 0, f[i] != 0, "gate " + i);
      }
    }
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("cases")
  void allGradientsAgree(Way way, OracleCase oracle) {
    try (GpuTraining sae = sae(way, oracle, false, true)) {
      GpuTraining.Gradients g =
          sae.gradients(x(oracle), y(oracle), rows(oracle), oracle.coefficient());
      agree("W_enc", Training.doubles(g.encoder()), oracle.transposed("g_W_enc"));
      agree("b_enc", Training.doubles(g.encoderBias()), oracle.array("g_b_enc"));
      agree("W_dec", Training.doubles(g.decoder()), oracle.array("g_W_dec"));
      double[] projected = Training.doubles(g.projectedDecoder());
      agree("projected", projected, oracle.array("g_W_dec_projected"));
      agree("b_dec", Training.doubles(g.decoderBias()), oracle.array("g_b_dec"));
      double[] errors = g.thresholdReconstruction();
      double[] penalty = g.thresholdPenalty();
      double[] threshold = new double[penalty.length];
      double[] logThreshold = new double[penalty.length];
      for (int k = 0; k < threshold.length; k++) {
        threshold[k] = errors[k] + penalty[k];
        logThreshold[k] = threshold[k] * oracle.array("p_threshold").at(k);
      }
      agree("threshold", threshold, oracle.array("g_threshold"));
      agree("log_threshold", logThreshold, oracle.array("g_log_threshold"));
      if (oracle.penalty().equals("tanh")) {
        // There the oracle's parts are what comes through f and what does not.
        agree("through f", threshold, oracle.array("d_th_rec"));
      } else {
        agree("reconstruction", errors, oracle.array("d_th_rec"));
        agree("penalty", penalty, oracle.array("d_th_sp"));
      }
    }
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("cases")
  void oneAndThreeStepsAgree(Way way, OracleCase oracle) {
    try (GpuTraining sae = sae(way, oracle, false, true)) {
      TrainingReport first = step(sae, oracle, 0);
      double[] scalars = oracle.array("scalars").values();
      assertEquals(scalars[0], first.loss(), TOLERANCE * scalars[0], "loss");
      assertEquals(scalars[1], first.reconstruction(), TOLERANCE * scalars[1], "reconstruction");
      double sparsity = oracle.coefficient() * first.sparsity();
      assertEquals(scalars[2], sparsity, TOLERANCE * scalars[2], "sparsity");
      assertEquals(scalars[3], first.l0(), TOLERANCE * scalars[3], "l0");
      assertEquals(scalars[4], first.inBand(), TOLERANCE * scalars[4], "in-band pairs");
      assertEquals(way == Way.DENSE, first.dense());
      assertMovement(first, oracle);
      parametersAgree(sae, oracle, "s1_");
      step(sae, oracle, 1);
      step(sae, oracle, 2);
      parametersAgree(sae, oracle, "s3_");
      for (String name : MATRICES) {
        agree("v." + name, settled(sae, name), byFeature(oracle, "s3_v_" + name));
      }
      for (String name : VECTORS) {
        agree("v." + name, Training.read(sae, "v." + name), oracle.array("s3_v_" + name));
      }
      assertEquals(3, Training.read(sae, "steps")[0]);
    }
  }

  /** Adam's first step on the gradient by the logarithm. */
  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("cases")
  void aStepInTheLogarithmAgrees(Way way, OracleCase oracle) {
    try (GpuTraining sae = sae(way, oracle, true, true)) {
      step(sae, oracle, 0);
      double[] before = oracle.array("p_threshold").values();
      double[] moves = Training.read(sae, "log_threshold");
      for (int k = 0; k < before.length; k++) {
        moves[k] -= Math.log(before[k]);
      }
      double[] expected = firstMoves(oracle.array("g_log_threshold"));
      // The logarithms are about -3, and a move of 7e-6 shows how they are rounded.
      closeInTheMean("log_threshold", moves, expected, 5 * MOVEMENT);
    }
  }

  /** Where decoder rows may have any length, Adam is given the gradient as it is. */
  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("cases")
  void aStepOfAFreeDecoderAgrees(Way way, OracleCase oracle) {
    try (GpuTraining sae = sae(way, oracle, false, false)) {
      step(sae, oracle, 0);
      double[] moves = Training.read(sae, "W_dec");
      for (int i = 0; i < moves.length; i++) {
        moves[i] -= oracle.array("p_W_dec").at(i);
      }
      closeInTheMean("W_dec", moves, firstMoves(oracle.array("g_W_dec")), MOVEMENT);
    }
  }

  /** Adam's first step: its moments, corrected, are the gradient and its square. */
  private static double[] firstMoves(Tensor gradient) {
    double[] moves = gradient.values();
    for (int i = 0; i < moves.length; i++) {
      moves[i] *= -OracleCase.learningRate(0) / (Math.abs(moves[i]) + 1e-8);
    }
    return moves;
  }

  private static void assertMovement(TrainingReport report, OracleCase oracle) {
    double moved = 0;
    double penalty = 0;
    double both = 0;
    int features = oracle.array("p_threshold").size();
    for (int k = 0; k < features; k++) {
      double distance = oracle.array("s1_threshold").at(k) - oracle.array("p_threshold").at(k);
      moved += Math.abs(distance) / features;
      penalty += Math.abs(oracle.array("d_th_sp").at(k));
      both += Math.abs(oracle.array("d_th_sp").at(k)) + Math.abs(oracle.array("d_th_rec").at(k));
    }
    assertEquals(moved, report.thresholdMovement(), MOVEMENT * moved, "movement");
    if (!oracle.penalty().equals("tanh")) {
      assertEquals(penalty / both, report.sparsityShare(), 10 * TOLERANCE, "penalty's share");
    }
    assertTrue(Double.isNaN(report.gradientNorm()), "a norm that nothing is clipped by");
  }

  private static void parametersAgree(GpuTraining sae, OracleCase oracle, String prefix) {
    for (String name : Stream.concat(MATRICES.stream(), VECTORS.stream()).toList()) {
      double[] actual = Training.read(sae, name);
      Tensor expected = byFeature(oracle, prefix + name);
      agree(prefix + name, actual, expected);
      // A step moves parameters by about 7e-6: whether it is the right step shows in the moves.
      double[] before = byFeature(oracle, "p_" + name).values();
      double[] wanted = expected.values();
      for (int i = 0; i < before.length; i++) {
        actual[i] -= before[i];
        wanted[i] -= before[i];
      }
      closeInTheMean(prefix + name, actual, wanted, MOVEMENT);
    }
  }

  private static void closeInTheMean(
      String name, double[] actual, double[] expected, double tolerance) {
    double errors = 0;
    double squares = 0;
    for (int i = 0; i < expected.length; i++) {
      errors += (actual[i] - expected[i]) * (actual[i] - expected[i]);
      squares += expected[i] * expected[i];
    }
    double relative = Math.sqrt(errors / squares);
    assertTrue(relative <= tolerance, "moves of " + name + " differ by " + relative);
  }

  private static void agree(String name, double[] actual, Tensor expected) {
    Difference difference = Difference.between(actual, expected.values());
    assertTrue(difference.within(TOLERANCE), name + ": " + difference);
  }

  /** Second moments of a matrix after the last step, with what untouched rows still owe. */
  private static double[] settled(GpuTraining sae, String name) {
    double[] v = Training.read(sae, "v." + name);
    double[] settled = Training.read(sae, "settled");
    double step = Training.read(sae, "steps")[0];
    int width = v.length / settled.length;
    for (int i = 0; i < v.length; i++) {
      v[i] *= Math.pow((float) 0.999, step - settled[i / width]);
    }
    return v;
  }

  /** Preactivations, with the oracle's in the place of those that were rightly not kept. */
  private static double[] keptOrFarBelow(float[] z, OracleCase oracle) {
    double[] filled = Training.doubles(z);
    Tensor thresholds = oracle.array("p_threshold");
    for (int i = 0; i < z.length; i++) {
      if (Float.isNaN(z[i])) {
        double threshold = thresholds.at(i % thresholds.size());
        filled[i] = oracle.array("z").at(i);
        assertFalse(filled[i] > threshold - oracle.bandwidth() / 2, "z " + i + " was not kept");
      }
    }
    return filled;
  }

  private static TrainingReport step(GpuTraining sae, OracleCase oracle, int t) {
    return sae.step(
        x(oracle), y(oracle), rows(oracle), OracleCase.learningRate(t), oracle.coefficient());
  }

  private static MemorySegment x(OracleCase oracle) {
    return Training.floats(oracle.array("x").values());
  }

  private static MemorySegment y(OracleCase oracle) {
    return Training.floats(oracle.array("y").values());
  }

  private static int rows(OracleCase oracle) {
    return oracle.array("x").rows();
  }

  private GpuTraining sae(Way way, OracleCase oracle, boolean logThreshold, boolean unitDecoder) {
    Tensor encoder = oracle.array("p_W_enc");
    TrainingSettings.Penalty penalty =
        switch (oracle.penalty()) {
          case "quad" -> new TrainingSettings.TargetL0(oracle.penaltyArgument());
          case "tanh" -> new TrainingSettings.Tanh(oracle.penaltyArgument());
          default -> new TrainingSettings.L0();
        };
    TrainingSettings settings =
        new TrainingSettings(
            penalty,
            oracle.bandwidth(),
            oracle.preBias(),
            oracle.reluFirst(),
            logThreshold,
            unitDecoder,
            0,
            0.999,
            1e-8,
            OptionalDouble.empty(),
            way.density,
            Precision.EXACT);
    GpuTraining sae =
        new GpuTraining(
            gpu, encoder.rows(), encoder.width(), oracle.array("p_W_dec").width(), settings);
    for (String name : List.of("W_enc", "W_dec", "b_enc", "b_dec")) {
      Training.write(sae, name, byFeature(oracle, "p_" + name).values());
    }
    double[] threshold = oracle.array("p_threshold").values();
    for (int k = 0; k < threshold.length && logThreshold; k++) {
      threshold[k] = Math.log(threshold[k]);
    }
    Training.write(sae, settings.thresholdName(), threshold);
    return sae;
  }

  private static Tensor byFeature(OracleCase oracle, String name) {
    return name.endsWith("W_enc") ? oracle.transposed(name) : oracle.array(name);
  }
}
