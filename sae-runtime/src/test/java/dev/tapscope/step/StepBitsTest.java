package dev.tapscope.step;

import dev.tapscope.cuda.EmulatedDriver;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The state and the batches alone decide the bits. */
final class StepBitsTest {
  private static final Dimensions SIZES = new Dimensions(13, 37, 13);
  private static final int ROWS = 5;

  /** On the emulated GPU, each with threads in another order. */
  private static final int EMULATED_RUNS = 12;

  static Stream<Arguments> cases() {
    List<Sparsity> sparsities =
        List.of(new Sparsity.L0(), new Sparsity.TargetL0(3), new Sparsity.Tanh(4));
    return Implementation.all()
        .flatMap(implementation ->
            sparsities.stream().map(sparsity -> Arguments.of(implementation, sparsity)));
  }

  /** Long enough for compiled code to take the interpreter's place. */
  @ParameterizedTest
  @MethodSource("cases")
  void manyRunsOfAStepGiveTheSameBits(Implementation implementation, Sparsity sparsity) {
    sameBits(implementation, sparsity, 2_000);
  }

  @ParameterizedTest
  @MethodSource("cases")
  @Tag("full")
  void twentyThousandRunsOfAStepGiveTheSameBits(Implementation implementation, Sparsity sparsity) {
    sameBits(implementation, sparsity, 20_000);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void aStateTakenOverGoesOnWithTheSameBits(Implementation implementation, Sparsity sparsity) {
    try (SaeInTraining straight = begun(implementation, sparsity);
        SaeInTraining first = begun(implementation, sparsity);
        SaeInTraining second = implementation.make(SIZES, method(sparsity))) {
      train(implementation, straight, 0, 40);
      train(implementation, first, 0, 17);
      TrainingArrays.restore(second, TrainingArrays.snapshot(first));
      train(implementation, second, 17, 40);
      TrainingArrays.assertUnchanged(TrainingArrays.snapshot(straight), second);
    }
  }

  private static void sameBits(Implementation implementation, Sparsity sparsity, int runs) {
    try (SaeInTraining sae = begun(implementation, sparsity)) {
      train(implementation, sae, 0, 3);
      Map<String, MemorySegment> before = TrainingArrays.snapshot(sae);
      train(implementation, sae, 3, 4);
      Map<String, MemorySegment> after = TrainingArrays.snapshot(sae);
      for (int i = 0; i < (implementation.emulated() ? EMULATED_RUNS : runs); i++) {
        if (implementation.emulated()) {
          EmulatedDriver.configure("order=" + i);
        }
        TrainingArrays.restore(sae, before);
        train(implementation, sae, 3, 4);
        TrainingArrays.assertUnchanged(after, sae);
      }
    }
  }

  private static void train(Implementation implementation, SaeInTraining sae, int from, int to) {
    for (int t = from; t < to; t++) {
      double[] x = gaussians(new Random(50 + t), ROWS * SIZES.inputs(), 1);
      implementation.step(sae, new DoubleRows(x, x, ROWS), new Rates(1e-3 / (1 + t), 0.01));
    }
  }

  private static SaeInTraining begun(Implementation implementation, Sparsity sparsity) {
    SaeInTraining sae = implementation.make(SIZES, method(sparsity));
    Random random = new Random(3);
    int matrix = SIZES.features() * SIZES.inputs();
    TrainingArrays.write(sae, "W_enc", gaussians(random, matrix, 0.3));
    TrainingArrays.write(sae, "W_dec", gaussians(random, matrix, 0.3));
    TrainingArrays.write(sae, "log_threshold", gaussians(random, SIZES.features(), 0.1));
    return sae;
  }

  private static Method method(Sparsity sparsity) {
    return new Method(
        sparsity,
        0.2,
        true,
        false,
        ThresholdForm.LOG,
        true,
        Adam.GEMMA_SCOPE,
        OptionalDouble.of(1));
  }

  private static double[] gaussians(Random random, int count, double scale) {
    double[] values = new double[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) (scale * random.nextGaussian());
    }
    return values;
  }
}
