package dev.tapscope.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What goes wrong at the card is a sentence, and loses nothing; and what steps cost the host. */
final class TrainingFailuresTest {
  private static final int WIDTH = 8;
  private static final int FEATURES = 70;
  private static final int ROWS = 20;

  private Gpu gpu;
  private long before;

  @BeforeEach
  void open() {
    EmulatedDriver.require();
    gpu = Gpu.open();
    before = EmulatedDriver.count("live-allocations");
  }

  @AfterEach
  void close() {
    EmulatedDriver.configure("");
    assertEquals(0, gpu.bytesInUse());
    assertEquals(before, EmulatedDriver.count("live-allocations"));
    gpu.close();
  }

  private static TrainingSettings settings(double density, OptionalDouble clip) {
    return new TrainingSettings(
        new TrainingSettings.Tanh(4),
        0.2,
        true,
        false,
        true,
        true,
        0,
        0.999,
        1e-8,
        clip,
        density,
        Precision.EXACT);
  }

  private static TrainingSettings settings(double density) {
    return settings(density, OptionalDouble.of(1));
  }

  private GpuTraining begun(TrainingSettings settings) {
    GpuTraining sae =
        new GpuTraining(
            gpu, WIDTH, FEATURES, WIDTH, settings, () -> new OwnProducts(gpu), 1, 1L << 24);
    try {
      Random random = new Random(1);
      Training.write(sae, "W_enc", Training.gaussians(random, FEATURES * WIDTH, 0.3));
      Training.write(sae, "W_dec", Training.gaussians(random, FEATURES * WIDTH, 0.3));
      Training.write(sae, "log_threshold", Training.gaussians(random, FEATURES, 0.1));
      return sae;
    } catch (RuntimeException e) {
      sae.close();
      throw e;
    }
  }

  private static MemorySegment batch(int t, double scale) {
    return Training.floats(Training.gaussians(new Random(t), ROWS * WIDTH, scale));
  }

  /** Few entries, then lists that are too short for theirs, then a dense step. */
  private static void step(GpuTraining sae, int t) {
    MemorySegment batch = batch(t, new double[] {1, 3, 10}[t]);
    sae.step(batch, batch, ROWS, 1e-3, 0.01);
  }

  private static final int STEPS = 3;

  /** Every allocation fails once; the step that it was for is then taken with the same result. */
  @Test
  void whereMemoryEndsNothingIsLost() {
    Map<String, byte[]> expected;
    try (GpuTraining sae = begun(settings(0.42))) {
      for (int t = 0; t < STEPS; t++) {
        step(sae, t);
      }
      assertEquals(2, sae.repetitions(), "a list that is too short, and a dense step");
      expected = Training.snapshot(sae);
    }
    int inSteps = 0;
    for (int n = 1; ; n++) {
      EmulatedDriver.configure("fail-alloc=" + n);
      GpuTraining made;
      try {
        made = begun(settings(0.42));
      } catch (GpuException e) {
        assertMemory(e);
        assertEquals(0, gpu.bytesInUse());
        assertEquals(before, EmulatedDriver.count("live-allocations"));
        continue;
      }
      try (GpuTraining sae = made) {
        int failures = 0;
        for (int t = 0; t < STEPS; t++) {
          Map<String, byte[]> state = failures == 0 ? snapshotOf(sae) : Map.of();
          try {
            step(sae, t);
          } catch (GpuException e) {
            assertMemory(e);
            failures++;
            Training.assertSame(state, snapshotOf(sae));
            step(sae, t);
          }
        }
        Training.assertSame(expected, Training.snapshot(sae));
        inSteps += failures;
        if (failures == 0) {
          break;
        }
      }
    }
    assertTrue(inSteps > 20, "only " + inSteps + " allocations of steps failed");
  }

  private static Map<String, byte[]> snapshotOf(GpuTraining sae) {
    return Training.snapshot(sae);
  }

  private static void assertMemory(GpuException e) {
    if (e.getMessage().contains("memory that stays in place")) {
      return; // the host's
    }
    assertInstanceOf(GpuMemoryException.class, e);
    assertTrue(e.getMessage().contains("has too little free memory"), e.getMessage());
    assertTrue(e.getMessage().endsWith("."), e.getMessage());
  }

  /** Each fails once: either nothing has been changed by the step, or nobody can go on with it. */
  @ParameterizedTest
  @ValueSource(strings = {"fail-launch", "fail-copy"})
  void aLaunchOrCopyThatFailsIsASentence(String what) {
    int unharmed = 0;
    int harmed = 0;
    boolean failed = true;
    for (int n = 1; failed; n++) {
      try (GpuTraining sae = begun(settings(0.42))) {
        Map<String, byte[]> state = Training.snapshot(sae);
        MemorySegment batch = batch(0, 1);
        EmulatedDriver.configure(what + "=" + n);
        try {
          sae.step(batch, batch, ROWS, 1e-3, 0.01);
          failed = false;
        } catch (GpuException e) {
          assertTrue(e.getMessage().startsWith("The GPU failed while "), e.getMessage());
          assertTrue(e.getMessage().contains("CUDA_ERROR"), e.getMessage());
          EmulatedDriver.configure("");
          try {
            Training.assertSame(state, Training.snapshot(sae));
            unharmed++;
          } catch (GpuException after) {
            assertTrue(after.getMessage().startsWith("A step has failed when"), e.getMessage());
            harmed++;
          }
        }
      }
    }
    assertTrue(unharmed > 1, "unharmed by " + unharmed);
    assertTrue(harmed > 0, "harmed by " + harmed);
  }

  @Test
  void theMemoryIsAsStated() {
    TrainingSettings settings = settings(TrainingSettings.ALWAYS_DENSE);
    int features = 2_000;
    int rows = 300;
    try (GpuTraining sae = new GpuTraining(gpu, WIDTH, features, WIDTH, settings)) {
      EmulatedDriver.configure("null=1");
      sae.upload("steps", MemorySegment.ofArray(new long[1]));
      MemorySegment batch = Training.floats(new double[rows * WIDTH]);
      MemorySegment wanted = Training.floats(new double[rows * WIDTH]);
      sae.step(batch, wanted, rows, 0, 0);
      long stated = GpuTraining.bytes(gpu, WIDTH, features, WIDTH, rows, settings);
      long used = gpu.bytesInUse();
      assertTrue(used <= stated, used + " bytes are used, " + stated + " were stated");
    }
    // The same for sparse steps, less what only dense ones take.
    TrainingSettings sparse = settings(TrainingSettings.USUAL_DENSITY);
    try (GpuTraining sae = new GpuTraining(gpu, WIDTH, features, WIDTH, sparse)) {
      MemorySegment batch = Training.floats(new double[rows * WIDTH]);
      MemorySegment wanted = Training.floats(new double[rows * WIDTH]);
      sae.step(batch, wanted, rows, 0, 0);
      long stated = GpuTraining.bytes(gpu, WIDTH, features, WIDTH, rows, sparse);
      long dense = DenseSteps.bytes(WIDTH, features, WIDTH, rows, sparse, 1L << 24);
      long used = gpu.bytesInUse();
      assertTrue(used <= stated - dense, used + " bytes are used of " + (stated - dense));
      assertTrue(stated - dense <= 2 * used, used + " bytes are used of " + (stated - dense));
    }
  }

  /** The launches of a sparse step, counted; and the time that the host takes for one, printed. */
  @ParameterizedTest
  @CsvSource({"EXACT, false", "EXACT, true", "FAST, false", "FAST, true"})
  void whatAStepCostsTheHost(Precision precision, boolean clip) {
    StepCost cost = StepCost.of(gpu, precision, clip);
    System.out.printf("a sparse step, %s%s: %s%n", precision, clip ? " and clipped" : "", cost);
    assertTrue(cost.all() <= StepCost.MOST_LAUNCHES, cost.toString());
  }
}
