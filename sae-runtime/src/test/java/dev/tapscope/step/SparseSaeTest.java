package dev.tapscope.step;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.fixtures.Difference;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What smaller cases do not reach: several blocks of features, several panels, none of them full.
 */
final class SparseSaeTest {
  private static final Dimensions SIZES = new Dimensions(45, 301, 45);
  private static final int ROWS = 71;
  private static final double COEFFICIENT = 0.01;

  static Stream<Method> methods() {
    return Stream.of(
        method(new Sparsity.L0(), Adam.GEMMA_SCOPE, OptionalDouble.empty(), false),
        method(new Sparsity.TargetL0(20), Adam.GEMMA_SCOPE, OptionalDouble.of(0.5), true),
        method(new Sparsity.Tanh(4), new Adam(0.9, 0.999, 1e-8), OptionalDouble.empty(), false));
  }

  @ParameterizedTest
  @MethodSource("methods")
  void gradientsAreThoseOfThePlainLoops(Method method) {
    try (SparseSae sae = sparse(method, 2);
        PlainSae plain = new PlainSae(SIZES, method, false)) {
      begin(sae);
      begin(plain);
      Gradients actual = sae.gradients(batch(0), COEFFICIENT);
      Gradients expected = plain.gradients(batch(0), COEFFICIENT);
      assertClose("W_enc", actual.encoder(), expected.encoder());
      assertClose("b_enc", actual.encoderBias(), expected.encoderBias());
      assertClose("W_dec", actual.decoder(), expected.decoder());
      assertClose("projected", actual.projectedDecoder(), expected.projectedDecoder());
      assertClose("b_dec", actual.decoderBias(), expected.decoderBias());
      assertClose(
          "through f", actual.thresholdReconstruction(), expected.thresholdReconstruction());
      assertClose("penalty", actual.thresholdSparsity(), expected.thresholdSparsity());
    }
  }

  @ParameterizedTest
  @MethodSource("methods")
  void stepsAreThoseOfThePlainLoops(Method method) {
    try (SparseSae sae = sparse(method, 1);
        PlainSae plain = new PlainSae(SIZES, method, false)) {
      begin(sae);
      begin(plain);
      for (int t = 0; t < 5; t++) {
        StepReport actual = sae.step(batch(t), rates(t));
        StepReport expected = plain.step(batch(t), rates(t));
        assertEquals(expected.loss(), actual.loss(), 2e-5 * expected.loss(), "loss");
        assertEquals(expected.l0(), actual.l0(), 2.0 / ROWS, "l0");
        if (method.clip().isPresent()) {
          double norm = expected.gradientNorm();
          assertEquals(norm, actual.gradientNorm(), 1e-4 * norm, "gradient norm");
        }
      }
      for (String name : List.of("W_enc", "W_dec", "b_enc", "b_dec", "log_threshold")) {
        double[] expected = TrainingArrays.read(plain, name);
        assertClose(name, TrainingArrays.read(sae, name), expected);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("methods")
  void theNumberOfThreadsChangesNoBit(Method method) {
    try (SparseSae one = sparse(method, 1);
        SparseSae two = sparse(method, 2);
        SparseSae five = sparse(method, 5)) {
      for (SparseSae sae : List.of(one, two, five)) {
        begin(sae);
      }
      for (int t = 0; t < 30; t++) {
        StepReport report = one.step(batch(t), rates(t));
        assertEquals(report, two.step(batch(t), rates(t)));
        assertEquals(report, five.step(batch(t), rates(t)));
      }
      Map<String, MemorySegment> bits = TrainingArrays.snapshot(one);
      TrainingArrays.assertUnchanged(bits, two);
      TrainingArrays.assertUnchanged(bits, five);
    }
  }

  @Tag("full")
  @ParameterizedTest
  @MethodSource("methods")
  void twentyThousandRunsGiveTheSameBits(Method method) {
    try (SparseSae sae = sparse(method, 2)) {
      begin(sae);
      sae.step(batch(0), rates(0));
      Map<String, MemorySegment> before = TrainingArrays.snapshot(sae);
      Batch batch = batch(1);
      StepReport first = sae.step(batch, rates(1));
      Map<String, MemorySegment> after = TrainingArrays.snapshot(sae);
      for (int i = 0; i < 20_000; i++) {
        TrainingArrays.restore(sae, before);
        assertEquals(first, sae.step(batch, rates(1)));
        TrainingArrays.assertUnchanged(after, sae);
      }
    }
  }

  /** Made up for in one go or step by step: the moments are the same bits, down to nothing. */
  @Test
  void whatIsOwedMakesTheSameBitsWheneverItIsPaid() {
    FloatAdam adam = FloatAdam.of(AdamStep.number(1, Adam.GEMMA_SCOPE, 1e-3, 1));
    float[] start = {1, 1e-3f, 3e-38f, 1.2e-38f, 0, 7e-12f, 5e-30f};
    MemorySegment once = MemorySegment.ofArray(start.clone());
    MemorySegment often = MemorySegment.ofArray(start.clone());
    adam.settle(once, 0, start.length, 2_000);
    for (int i = 0; i < 2_000; i++) {
      adam.settle(often, 0, start.length, 1);
    }
    assertEquals(-1, once.mismatch(often));
    double expected = Math.pow((double) (float) 0.999, 2_000);
    assertEquals(expected, once.get(Lanes.FLOAT, 0), 1e-4 * expected);
    assertEquals(0, once.get(Lanes.FLOAT, 3 * Float.BYTES), "below the smallest normal number");
  }

  private static SparseSae sparse(Method method, int threads) {
    return new SparseSae(SIZES, method, threads, PhaseClock.NONE, true);
  }

  private static Method method(
      Sparsity sparsity, Adam adam, OptionalDouble clip, boolean reluFirst) {
    return new Method(sparsity, 0.1, true, reluFirst, ThresholdForm.LOG, true, adam, clip);
  }

  private static Rates rates(int t) {
    return new Rates(1e-4 / (1 + t), COEFFICIENT);
  }

  private static void begin(SaeInTraining sae) {
    Random random = new Random(11);
    double scale = 1 / Math.sqrt(SIZES.inputs());
    int size = SIZES.features() * SIZES.inputs();
    double[] directions = gaussians(random, size, scale);
    for (int f = 0; f < SIZES.features(); f++) {
      double squares = 0;
      for (int i = f * SIZES.inputs(); i < (f + 1) * SIZES.inputs(); i++) {
        squares += directions[i] * directions[i];
      }
      for (int i = f * SIZES.inputs(); i < (f + 1) * SIZES.inputs(); i++) {
        directions[i] /= Math.sqrt(squares);
      }
    }
    TrainingArrays.write(sae, "W_dec", directions);
    TrainingArrays.write(sae, "W_enc", directions);
    TrainingArrays.write(sae, "b_dec", gaussians(random, SIZES.outputs(), 0.1));
    TrainingArrays.write(sae, "log_threshold", thresholds(random));
  }

  private static double[] thresholds(Random random) {
    double[] logarithms = gaussians(random, SIZES.features(), 0.4);
    for (int f = 0; f < logarithms.length; f++) {
      logarithms[f] += Math.log(f % 3 == 0 ? 0.05 : 1.5);
    }
    return logarithms;
  }

  private static Batch batch(int t) {
    double[] x = gaussians(new Random(100 + t), ROWS * SIZES.inputs(), 1);
    return TrainingArrays.batch(new DoubleRows(x, x, ROWS));
  }

  private static double[] gaussians(Random random, int count, double scale) {
    double[] values = new double[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) (scale * random.nextGaussian());
    }
    return values;
  }

  private static void assertClose(String name, double[] actual, double[] expected) {
    Difference difference = Difference.between(actual, expected);
    assertTrue(difference.within(2e-5), name + ": " + difference);
  }
}
