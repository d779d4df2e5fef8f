package dev.tapscope.step;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.cuda.EmulatedDriver;
import dev.tapscope.cuda.Gpu;
import dev.tapscope.cuda.TrainingSettings;
import dev.tapscope.emulated.EmulatedGpu;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is handed to the GPU and taken from it, and when. */
final class CudaSaeTest {
  private static final Dimensions SIZES = new Dimensions(13, 70, 9);
  private static final int ROWS = 20;
  private static final int STEPS = 6;

  /** Sums in single precision, relative. */
  private static final double SINGLE = 2e-5;

  @BeforeEach
  void takeUpTheDriver() {
    EmulatedDriver.require();
  }

  @AfterEach
  void forgetSettings() {
    EmulatedDriver.configure("");
  }

  private static Method method(Sparsity sparsity) {
    return new Method(
        sparsity,
        0.2,
        false,
        false,
        ThresholdForm.LOG,
        true,
        Adam.GEMMA_SCOPE,
        OptionalDouble.of(1));
  }

  /** A transcoder, so that rows that are encoded and wanted differ in everything. */
  private static CudaSae begun(Sparsity sparsity, double density) {
    CudaSae sae = new CudaSae(EmulatedGpu.opened(), SIZES, method(sparsity), density);
    Random random = new Random(3);
    TrainingArrays.write(sae, "W_enc", gaussians(random, SIZES.features() * SIZES.inputs(), 0.3));
    TrainingArrays.write(sae, "W_dec", gaussians(random, SIZES.features() * SIZES.outputs(), 0.3));
    TrainingArrays.write(sae, "log_threshold", gaussians(random, SIZES.features(), 0.1));
    return sae;
  }

  private static double[] gaussians(Random random, int count, double scale) {
    return IntStream.range(0, count).mapToDouble(_ -> scale * random.nextGaussian()).toArray();
  }

  private static Batch batch(int step) {
    Random random = new Random(100 + step);
    return TrainingArrays.batch(
        new DoubleRows(
            gaussians(random, ROWS * SIZES.inputs(), 1),
            gaussians(random, ROWS * SIZES.outputs(), 1),
            ROWS));
  }

  private static Rates rates(int step) {
    return new Rates(1e-2 / (1 + step), 0.01 * step);
  }

  static Stream<Arguments> ways() {
    return Stream.of(new Sparsity.L0(), new Sparsity.Tanh(4))
        .flatMap(sparsity ->
            Stream.of(TrainingSettings.NEVER_DENSE, TrainingSettings.ALWAYS_DENSE, 0.25)
                .flatMap(density ->
                    Stream.of("", "eager=1", "order=reverse,late-uploads=1")
                        .map(driver -> Arguments.of(sparsity, density, driver))));
  }

  /** Losses and arrays; what was handed over is written over at once, as buffers are. */
  @ParameterizedTest
  @MethodSource("ways")
  void aBatchThatWasExpectedGivesTheSameBits(Sparsity sparsity, double density, String driver) {
    EmulatedDriver.configure(driver);
    try (CudaSae oneByOne = begun(sparsity, density);
        CudaSae ahead = begun(sparsity, density)) {
      Batch lent = batch(0);
      for (int step = 0; step < STEPS; step++) {
        StepReport wanted = oneByOne.step(batch(step), rates(step));
        BegunStep begun = ahead.begin(lent, rates(step));
        assertTrue(begun.running());
        fill(lent, batch(step + 1));
        if (step != 2) {
          begun.expect(lent);
        }
        assertEquals(wanted, begun.finish());
        if (step % 2 == 0) { // as resampling does, with the next batch on the card
          scale(oneByOne, "b_enc");
          scale(ahead, "b_enc");
        }
        TrainingArrays.assertUnchanged(TrainingArrays.snapshot(oneByOne), ahead);
      }
    }
  }

  private static void fill(Batch lent, Batch with) {
    lent.x().copyFrom(with.x());
    lent.y().copyFrom(with.y());
  }

  private static void scale(SaeInTraining sae, String name) {
    MemorySegment values = TrainingArrays.array(sae, name).values();
    for (int i = 0; i < values.byteSize() / Float.BYTES; i++) {
      float value = values.getAtIndex(ValueLayout.JAVA_FLOAT, i);
      values.setAtIndex(ValueLayout.JAVA_FLOAT, i, 1.5f * value + 0.01f);
    }
  }

  /**
   * A transcoder between sites of one width, where rows of one could pass for the other's: what a
   * step says of itself, against plain loops.
   */
  @ParameterizedTest
  @ValueSource(doubles = {TrainingSettings.NEVER_DENSE, TrainingSettings.ALWAYS_DENSE})
  void aStepSaysWhatPlainStepsSay(double density) {
    Dimensions square = new Dimensions(SIZES.inputs(), SIZES.features(), SIZES.inputs());
    Method method = method(new Sparsity.Tanh(4));
    try (CudaSae sae = new CudaSae(EmulatedGpu.opened(), square, method, density);
        PlainSae plain = new PlainSae(square, method, false)) {
      Random random = new Random(3);
      for (String matrix : List.of("W_enc", "W_dec")) {
        double[] values = gaussians(random, square.features() * square.inputs(), 0.3);
        TrainingArrays.write(sae, matrix, values);
        TrainingArrays.write(plain, matrix, TrainingArrays.read(sae, matrix));
      }
      double[] x = gaussians(random, ROWS * square.inputs(), 1);
      double[] y = gaussians(random, ROWS * square.inputs(), 2);
      Batch batch = TrainingArrays.batch(new DoubleRows(x, y, ROWS));
      StepReport wanted = plain.step(batch, new Rates(1e-3, 0.01));
      StepReport report = sae.step(batch, new Rates(1e-3, 0.01));
      assertEquals(wanted.loss(), report.loss(), SINGLE * wanted.loss());
      assertEquals(
          wanted.reconstruction(), report.reconstruction(), SINGLE * wanted.reconstruction());
      assertEquals(wanted.sparsity(), report.sparsity(), SINGLE * wanted.sparsity());
      assertEquals(wanted.l0(), report.l0());
      assertEquals(wanted.inBand(), report.inBand());
      assertEquals(wanted.thresholdMovement(), report.thresholdMovement(), 0.01 * 1e-3);
      assertEquals(wanted.sparsityShare(), report.sparsityShare(), SINGLE);
      assertEquals(wanted.gradientNorm(), report.gradientNorm(), SINGLE * wanted.gradientNorm());
      assertEquals(density == TrainingSettings.ALWAYS_DENSE, report.dense());
    }
  }

  /** Of a step the card computes when somebody waits; rows are copied to it by two calls. */
  @Test
  void theNextBatchIsSentBeforeTheStepIsFinished() {
    try (CudaSae sae = begun(new Sparsity.L0(), TrainingSettings.NEVER_DENSE)) {
      sae.step(batch(0), rates(0));
      BegunStep begun = sae.begin(batch(1), rates(1));
      long pending = EmulatedDriver.count("pending");
      assertTrue(pending > 10, "only " + pending + " pieces of work are under way");
      long copies = EmulatedDriver.count("copies");
      Batch next = batch(2);
      begun.expect(next);
      assertEquals(copies + 2, EmulatedDriver.count("copies"));
      assertEquals(pending + 3, EmulatedDriver.count("pending"), "a copy has waited for the step");
      begun.finish();
      copies = EmulatedDriver.count("copies");
      begun = sae.begin(next, rates(2));
      long expected = EmulatedDriver.count("copies") - copies;
      begun.finish();
      copies = EmulatedDriver.count("copies");
      sae.begin(batch(3), rates(3)).finish();
      assertEquals(expected + 2 + 1, EmulatedDriver.count("copies") - copies, "rows, and a result");
    }
  }

  @Test
  void anotherBatchThanExpectedIsRefused() {
    try (CudaSae sae = begun(new Sparsity.L0(), TrainingSettings.NEVER_DENSE)) {
      BegunStep begun = sae.begin(batch(0), rates(0));
      Batch next = batch(1);
      begun.expect(next);
      begun.finish();
      Batch another = batch(2);
      assertThrows(IllegalArgumentException.class, () -> sae.begin(another, rates(1)));
      assertThrows(IllegalStateException.class, () -> sae.activations(another));
      assertThrows(IllegalStateException.class, () -> sae.gradients(another, 0));
      sae.step(next, rates(1));
      sae.activations(another);
      Batch narrow = new Batch(another.x(), another.x(), ROWS);
      BegunStep last = sae.begin(another, rates(2));
      assertThrows(IllegalArgumentException.class, () -> last.expect(narrow));
      last.finish();
    }
  }

  /** As where a training is stopped: nothing is left on the card, nor of the host's memory. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void itCanBeClosedWithABatchOnItsWay(boolean finished) {
    EmulatedGpu.opened();
    long before = EmulatedDriver.count("live-allocations");
    String reported = EmulatedDriver.report();
    try (CudaSae sae = begun(new Sparsity.L0(), TrainingSettings.NEVER_DENSE)) {
      BegunStep begun = sae.begin(batch(0), rates(0));
      begun.expect(batch(1));
      if (finished) {
        begun.finish();
      }
    }
    assertEquals(before, EmulatedDriver.count("live-allocations"));
    assertEquals(reported, EmulatedDriver.report());
  }

  /**
   * What is written to the arrays is what the next step goes on with, and is read back after it.
   */
  @Test
  void arraysAreLentAndTakenBack() {
    try (CudaSae sae = begun(new Sparsity.L0(), TrainingSettings.NEVER_DENSE)) {
      sae.step(batch(0), rates(0));
      double[] before = TrainingArrays.read(sae, "b_dec");
      assertEquals(ROWS, TrainingArrays.read(sae, "tokens_since_fired")[silent(sae)]);
      double[] moved = Arrays.stream(before).map(b -> b + 1).toArray();
      TrainingArrays.write(sae, "b_dec", moved);
      TrainingArrays.write(sae, "steps", 100);
      sae.step(batch(1), new Rates(1e-3, 0));
      double[] after = TrainingArrays.read(sae, "b_dec");
      for (int i = 0; i < after.length; i++) {
        assertTrue(after[i] != moved[i], "b_dec has not been moved");
        assertEquals(moved[i], after[i], 0.05, "b_dec");
      }
      assertEquals(101, TrainingArrays.read(sae, "steps")[0]);
    }
  }

  /** A feature that none of the rows has. */
  private static int silent(SaeInTraining sae) {
    double[] since = TrainingArrays.read(sae, "tokens_since_fired");
    return IntStream.range(0, since.length).filter(f -> since[f] > 0).findFirst().orElseThrow();
  }

  /** The rows of two batches are stated of the host's memory, and that is all it takes. */
  @ParameterizedTest
  @ValueSource(doubles = {TrainingSettings.NEVER_DENSE, TrainingSettings.ALWAYS_DENSE})
  void theMemoryIsAsStated(double density) {
    Gpu gpu = EmulatedGpu.opened();
    long bytes = EmulatedDriver.count("bytes");
    long pinned = EmulatedDriver.count("pinned");
    try (CudaSae sae = begun(new Sparsity.L0(), density)) {
      long beside = EmulatedDriver.count("pinned") - pinned;
      BegunStep begun = sae.begin(batch(0), rates(0));
      Batch next = batch(1);
      begun.expect(next);
      begun.finish();
      sae.step(next, rates(1));
      StepMemory stated = StepMemory.onCard(gpu, SIZES, method(new Sparsity.L0()), ROWS);
      assertEquals(stated.outside(), EmulatedDriver.count("pinned") - pinned - beside);
      assertTrue(beside < 1024, beside + " bytes beside");
      long held = EmulatedDriver.count("bytes") - bytes;
      assertTrue(held <= stated.card(), held + " bytes are held, " + stated + " is stated");
      assertTrue(stated.card() <= 3 * held, held + " bytes are held, " + stated + " is stated");
    }
  }
}
