package dev.tapscope.step;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.fixtures.Difference;
import dev.tapscope.fixtures.OracleCase;
import dev.tapscope.fixtures.Tensor;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every implementation against steps that were computed elsewhere. */
final class StepOracleTest {
  private static final List<String> MATRICES = List.of("W_enc", "W_dec");
  private static final List<String> VECTORS = List.of("b_enc", "b_dec", "threshold");

  static Stream<Arguments> cases() {
    return Implementation.all()
        .flatMap(
            implementation -> OracleCase.all().map(oracle -> Arguments.of(implementation, oracle)));
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("cases")
  void theForwardPassAgrees(Implementation implementation, OracleCase oracle) {
    try (SaeInTraining sae = sae(implementation, oracle, ThresholdForm.DIRECT, true)) {
      Activations activations = implementation.activations(sae, rows(oracle));
      double tolerance = implementation.tolerance();
      agree("z", keptOrFarBelow(activations.z(), oracle), oracle.array("z"), tolerance);
      agree("f", activations.f(), oracle.array("f"), tolerance);
      agree("xhat", activations.xhat(), oracle.array("xhat"), tolerance);
      double[] expected = oracle.array("f").values();
      for (int i = 0; i < expected.length; i++) {
        assertEquals(expected[i] != 0, activations.f()[i] != 0, "gate " + i);
      }
    }
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("cases")
  void allGradientsAgree(Implementation implementation, OracleCase oracle) {
    try (SaeInTraining sae = sae(implementation, oracle, ThresholdForm.DIRECT, true)) {
      Gradients g = implementation.gradients(sae, rows(oracle), oracle.coefficient());
      double tolerance = implementation.tolerance();
      agree("W_enc", g.encoder(), oracle.transposed("g_W_enc"), tolerance);
      agree("b_enc", g.encoderBias(), oracle.array("g_b_enc"), tolerance);
      agree("W_dec", g.decoder(), oracle.array("g_W_dec"), tolerance);
      agree("projected", g.projectedDecoder(), oracle.array("g_W_dec_projected"), tolerance);
      agree("b_dec", g.decoderBias(), oracle.array("g_b_dec"), tolerance);
      double[] reconstruction = g.thresholdReconstruction();
      double[] sparsity = g.thresholdSparsity();
      double[] threshold = new double[sparsity.length];
      double[] logThreshold = new double[sparsity.length];
      for (int k = 0; k < threshold.length; k++) {
        threshold[k] = reconstruction[k] + sparsity[k];
        logThreshold[k] = threshold[k] * oracle.array("p_threshold").at(k);
      }
      agree("threshold", threshold, oracle.array("g_threshold"), tolerance);
      agree("log_threshold", logThreshold, oracle.array("g_log_threshold"), tolerance);
      if (oracle.penalty().equals("tanh")) {
        // There the oracle's parts are what comes through f and what does not.
        agree("through f", threshold, oracle.array("d_th_rec"), tolerance);
      } else {
        agree("reconstruction", reconstruction, oracle.array("d_th_rec"), tolerance);
        agree("sparsity", sparsity, oracle.array("d_th_sp"), tolerance);
      }
    }
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("cases")
  void oneAndThreeStepsAgree(Implementation implementation, OracleCase oracle) {
    try (SaeInTraining sae = sae(implementation, oracle, ThresholdForm.DIRECT, true)) {
      StepReport first = step(implementation, sae, oracle, 0);
      double tolerance = implementation.tolerance();
      double[] scalars = oracle.array("scalars").values();
      assertEquals(scalars[0], first.loss(), tolerance * scalars[0], "loss");
      assertEquals(scalars[1], first.reconstruction(), tolerance * scalars[1], "reconstruction");
      assertEquals(
          scalars[2], oracle.coefficient() * first.sparsity(), tolerance * scalars[2], "sparsity");
      assertEquals(scalars[3], first.l0(), tolerance * scalars[3], "l0");
      assertEquals(scalars[4], first.inBand(), tolerance * scalars[4], "in-band pairs");
      assertMovement(first, oracle, tolerance, implementation.movementTolerance());
      parametersAgree(implementation, sae, oracle, "s1_");
      step(implementation, sae, oracle, 1);
      step(implementation, sae, oracle, 2);
      parametersAgree(implementation, sae, oracle, "s3_");
      for (String name : MATRICES) {
        agree(
            "v." + name,
            TrainingArrays.secondMoments(sae, name),
            byFeature(oracle, "s3_v_" + name),
            tolerance);
      }
      for (String name : VECTORS) {
        double[] v = TrainingArrays.secondMoments(sae, name);
        agree("v." + name, v, oracle.array("s3_v_" + name), tolerance);
      }
      assertEquals(3, TrainingArrays.read(sae, "steps")[0]);
    }
  }

  /** Adam's first step on the gradient by the logarithm. */
  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("cases")
  void aStepInTheLogarithmAgrees(Implementation implementation, OracleCase oracle) {
    try (SaeInTraining sae = sae(implementation, oracle, ThresholdForm.LOG, true)) {
      step(implementation, sae, oracle, 0);
      double[] before = oracle.array("p_threshold").values();
      double[] moves = TrainingArrays.read(sae, "log_threshold");
      for (int k = 0; k < before.length; k++) {
        moves[k] -= Math.log(before[k]);
      }
      double[] expected = firstMoves(oracle.array("g_log_threshold"));
      // The logarithms are about -3, and a move of 7e-6 shows how they are rounded.
      closeInTheMean("log_threshold", moves, expected, 5 * implementation.movementTolerance());
    }
  }

  /** Where decoder rows may have any length, Adam is given the gradient as it is. */
  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("cases")
  void aStepOfAFreeDecoderAgrees(Implementation implementation, OracleCase oracle) {
    try (SaeInTraining sae = sae(implementation, oracle, ThresholdForm.DIRECT, false)) {
      step(implementation, sae, oracle, 0);
      double[] moves = TrainingArrays.read(sae, "W_dec");
      for (int i = 0; i < moves.length; i++) {
        moves[i] -= oracle.array("p_W_dec").at(i);
      }
      double[] expected = firstMoves(oracle.array("g_W_dec"));
      closeInTheMean("W_dec", moves, expected, implementation.movementTolerance());
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

  private static void assertMovement(
      StepReport report, OracleCase oracle, double tolerance, double movementTolerance) {
    double moved = 0;
    double sparsity = 0;
    double both = 0;
    int features = oracle.array("p_threshold").size();
    for (int k = 0; k < features; k++) {
      double distance = oracle.array("s1_threshold").at(k) - oracle.array("p_threshold").at(k);
      moved += Math.abs(distance) / features;
      sparsity += Math.abs(oracle.array("d_th_sp").at(k));
      both += Math.abs(oracle.array("d_th_sp").at(k)) + Math.abs(oracle.array("d_th_rec").at(k));
    }
    assertEquals(moved, report.thresholdMovement(), movementTolerance * moved, "movement");
    if (!oracle.penalty().equals("tanh")) {
      assertEquals(sparsity / both, report.sparsityShare(), 10 * tolerance, "sparsity's share");
    }
    assertTrue(Double.isNaN(report.gradientNorm()), "a norm that nothing is clipped by");
  }

  private static void parametersAgree(
      Implementation implementation, SaeInTraining sae, OracleCase oracle, String prefix) {
    for (String name : Stream.concat(MATRICES.stream(), VECTORS.stream()).toList()) {
      double[] actual = TrainingArrays.read(sae, name);
      Tensor expected = byFeature(oracle, prefix + name);
      agree(prefix + name, actual, expected, implementation.tolerance());
      // A step moves parameters by about 7e-6: whether it is the right step shows in the moves.
      double[] before = byFeature(oracle, "p_" + name).values();
      double[] wanted = expected.values();
      for (int i = 0; i < before.length; i++) {
        actual[i] -= before[i];
        wanted[i] -= before[i];
      }
      closeInTheMean(prefix + name, actual, wanted, implementation.movementTolerance());
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

  private static void agree(String name, double[] actual, Tensor expected, double tolerance) {
    Difference difference = Difference.between(actual, expected.values());
    assertTrue(difference.within(tolerance), name + ": " + difference);
  }

  /** Preactivations, with the oracle's in the place of those that were rightly not kept. */
  private static double[] keptOrFarBelow(double[] z, OracleCase oracle) {
    double[] filled = z.clone();
    Tensor thresholds = oracle.array("p_threshold");
    for (int i = 0; i < z.length; i++) {
      if (Double.isNaN(z[i])) {
        double threshold = thresholds.at(i % thresholds.size());
        filled[i] = oracle.array("z").at(i);
        assertFalse(filled[i] > threshold - oracle.bandwidth() / 2, "z " + i + " was not kept");
      }
    }
    return filled;
  }

  private static StepReport step(
      Implementation implementation, SaeInTraining sae, OracleCase oracle, int t) {
    Rates rates = new Rates(OracleCase.learningRate(t), oracle.coefficient());
    return implementation.step(sae, rows(oracle), rates);
  }

  private static SaeInTraining sae(
      Implementation implementation, OracleCase oracle, ThresholdForm form, boolean unitDecoder) {
    Tensor encoder = oracle.array("p_W_enc");
    Dimensions dimensions =
        new Dimensions(encoder.rows(), encoder.width(), oracle.array("p_W_dec").width());
    Sparsity sparsity =
        switch (oracle.penalty()) {
          case "quad" -> new Sparsity.TargetL0(oracle.penaltyArgument());
          case "tanh" -> new Sparsity.Tanh(oracle.penaltyArgument());
          default -> new Sparsity.L0();
        };
    Method method =
        new Method(
            sparsity,
            oracle.bandwidth(),
            oracle.preBias(),
            oracle.reluFirst(),
            form,
            unitDecoder,
            Adam.GEMMA_SCOPE,
            OptionalDouble.empty());
    SaeInTraining sae = implementation.make(dimensions, method);
    for (String name : List.of("W_enc", "W_dec", "b_enc", "b_dec")) {
      TrainingArrays.write(sae, name, byFeature(oracle, "p_" + name).values());
    }
    double[] threshold = oracle.array("p_threshold").values();
    for (int k = 0; k < threshold.length && form == ThresholdForm.LOG; k++) {
      threshold[k] = Math.log(threshold[k]);
    }
    TrainingArrays.write(sae, form.arrayName(), threshold);
    return sae;
  }

  private static DoubleRows rows(OracleCase oracle) {
    Tensor x = oracle.array("x");
    return new DoubleRows(x.values(), oracle.array("y").values(), x.rows());
  }

  private static Tensor byFeature(OracleCase oracle, String name) {
    return name.endsWith("W_enc") ? oracle.transposed(name) : oracle.array(name);
  }
}
