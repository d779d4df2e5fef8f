package dev.tapscope.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

final class GpuSaeTest {
  private static final double UNDECIDED = 1e-5;
  private static final double ERROR = 1e-6;

  private Gpu gpu;

  @BeforeEach
  void open() {
    EmulatedDriver.require();
    gpu = Gpu.open();
  }

  @AfterEach
  void nothingIsLeft() {
    assertEquals(0, gpu.bytesInUse());
    assertEquals(0, EmulatedDriver.count("live-allocations"));
    gpu.close();
  }

  private static GpuSae sae(Gpu gpu, EncoderProblem problem, int outputs, Precision precision) {
    return new GpuSae(gpu, weights(problem, outputs), precision);
  }

  private static GpuSae.Weights weights(EncoderProblem problem, int outputs) {
    return new GpuSae.Weights(
        problem.inputs(),
        rows(problem.encoder(), problem.inputs()),
        problem.bias(),
        problem.threshold(),
        rows(decoder(problem, outputs), outputs),
        decoderBias(outputs));
  }

  private static GpuSae.Rows rows(float[] values, int width) {
    return (feature, into) -> {
      assertEquals((long) width * Float.BYTES, into.byteSize());
      MemorySegment.copy(values, feature * width, into, ValueLayout.JAVA_FLOAT, 0, width);
    };
  }

  private static float[] decoder(EncoderProblem problem, int outputs) {
    return EncoderProblem.normal(new SplittableRandom(77), problem.features() * outputs, 1);
  }

  private static float[] decoderBias(int outputs) {
    return EncoderProblem.normal(new SplittableRandom(78), outputs, 1);
  }

  private static void requireRight(EncoderProblem problem, ActiveLists lists) {
    assertEquals(problem.rows(), lists.rows());
    int at = 0;
    for (int r = 0; r < problem.rows(); r++) {
      assertEquals(at, lists.starts()[r]);
      for (int f = 0; f < problem.features(); f++) {
        double z = problem.z(r, f);
        double size = problem.size(r, f);
        boolean active = at < lists.starts()[r + 1] && lists.features()[at] == f;
        if (Math.abs(z - problem.threshold()[f]) > UNDECIDED * size) {
          assertEquals(z > problem.threshold()[f], active, "row " + r + ", feature " + f);
        }
        if (active) {
          assertEquals(z, lists.values()[at], ERROR * size);
          at++;
        }
      }
    }
    assertEquals(at, lists.features().length);
    assertEquals(at, lists.values().length);
    assertEquals(at, lists.starts()[problem.rows()]);
  }

  private static void requireEqual(ActiveLists expected, ActiveLists lists) {
    assertArrayEquals(expected.starts(), lists.starts());
    assertArrayEquals(expected.features(), lists.features());
    assertArrayEquals(expected.values(), lists.values(), 0);
  }

  @ParameterizedTest
  @CsvSource({"1, 20, 100", "7, 33, 65", "16, 9, 40", "17, 65, 130", "140, 48, 200"})
  void encodesWhatDoublePrecisionHasActive(int rows, int inputs, int features) {
    EncoderProblem problem = EncoderProblem.random(rows, rows, inputs, features);
    try (GpuSae sae = sae(gpu, problem, 5, Precision.EXACT)) {
      requireRight(problem, sae.encode(problem.x(), rows));
      // Again, with what the first call has taken.
      requireRight(problem, sae.encode(problem.x(), rows));
    }
  }

  @Test
  void noRowsAreNoWork() {
    EncoderProblem problem = EncoderProblem.random(1, 1, 4, 10);
    try (GpuSae sae = sae(gpu, problem, 5, Precision.EXACT)) {
      assertArrayEquals(new int[] {0}, sae.encode(new float[0], 0).starts());
      sae.decode(new int[] {0}, new int[0], new float[0], new float[0]);
      sae.preactivations(new float[0], 0, new float[0]);
    }
  }

  /** Rows without any, and rows with more than there is room for at first. */
  @ParameterizedTest
  @EnumSource(Precision.class)
  void listsAreAsLongAsTheyAre(Precision precision) {
    EncoderProblem problem = EncoderProblem.random(2, 24, 8, 1100);
    Arrays.fill(problem.bias(), 0, 1000, 9);
    Arrays.fill(problem.x(), 8 * 12, 8 * 24, 0);
    Arrays.fill(problem.bias(), 1000, 1100, -9);
    try (GpuSae sae = sae(gpu, problem, 5, precision)) {
      ActiveLists lists = sae.encode(problem.x(), 24);
      assertEquals(1000, lists.starts()[24] - lists.starts()[23]);
      if (precision == Precision.EXACT) {
        requireRight(problem, lists);
      }
      Arrays.fill(problem.bias(), 0, 1000, -9);
    }
    try (GpuSae sae = sae(gpu, problem, 5, precision)) {
      ActiveLists lists = sae.encode(problem.x(), 24);
      assertEquals(lists.starts()[12], lists.starts()[24]);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 70, 1025})
  void decodesAsTheFormula(int outputs) {
    EncoderProblem problem = EncoderProblem.random(3, 19, 10, 300);
    problem.threshold()[0] = -100;
    Arrays.fill(problem.x(), 10, 20, 0);
    float[] decoder = decoder(problem, outputs);
    float[] bias = decoderBias(outputs);
    try (GpuSae sae = sae(gpu, problem, outputs, Precision.EXACT)) {
      ActiveLists lists = sae.encode(problem.x(), 19);
      // One row of no entries, one of more than a block has threads, and a start above 0.
      int[] starts = Arrays.copyOf(lists.starts(), 22);
      starts[20] = starts[19];
      starts[21] = starts[19];
      starts = Arrays.copyOfRange(starts, 2, 22);
      int[] features = Arrays.copyOf(lists.features(), starts[19] + 290);
      float[] values = Arrays.copyOf(lists.values(), starts[19] + 290);
      for (int i = 0; i < 290; i++) {
        features[starts[19] + i] = 299 - i;
        values[starts[19] + i] = i * 0.01f;
      }
      starts[19] += 290;
      float[] xhat = new float[19 * outputs];
      sae.decode(starts, features, values, xhat);
      for (int r = 0; r < 19; r++) {
        for (int j = 0; j < outputs; j++) {
          double sum = 0;
          double size = Math.abs(bias[j]);
          for (int i = starts[r]; i < starts[r + 1]; i++) {
            double part = (double) values[i] * decoder[features[i] * outputs + j];
            sum += part;
            size += Math.abs(part);
          }
          assertEquals(sum + bias[j], xhat[r * outputs + j], ERROR * size, "row " + r);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"order=reverse", "order=3,late-uploads=1", "order=4", "eager=1"})
  void anyOrderOfThreadsGivesTheSameBits(String order) {
    EncoderProblem problem = EncoderProblem.random(3, 20, 70, 520);
    problem.threshold()[0] = -100;
    float[][] xhat = new float[2][20 * 300];
    ActiveLists[] lists = new ActiveLists[2];
    for (int i = 0; i < 2; i++) {
      EmulatedDriver.configure(i == 0 ? "" : order);
      try (GpuSae sae = sae(gpu, problem, 300, Precision.EXACT)) {
        lists[i] = sae.encode(problem.x(), 20);
        ActiveLists of = lists[i];
        // Twice as many entries as a block has threads, too.
        int[] features = Arrays.copyOf(of.features(), of.features().length + 512);
        float[] values = Arrays.copyOf(of.values(), features.length);
        Arrays.fill(values, of.values().length, values.length, 0.37f);
        for (int k = 0; k < 512; k++) {
          features[of.features().length + k] = k;
        }
        of.starts()[20] += 512;
        sae.decode(of.starts(), features, values, xhat[i]);
      }
    }
    requireEqual(lists[0], lists[1]);
    assertArrayEquals(xhat[0], xhat[1], 0);
  }

  @Test
  void preactivationsAreTheFormulas() {
    EncoderProblem problem = EncoderProblem.random(3, 35, 30, 70);
    try (GpuSae sae = sae(gpu, problem, 5, Precision.EXACT)) {
      float[] z = new float[35 * 70 + 1];
      sae.preactivations(problem.x(), 35, z);
      for (int r = 0; r < 35; r++) {
        for (int f = 0; f < 70; f++) {
          assertEquals(problem.z(r, f), z[r * 70 + f], ERROR * problem.size(r, f));
        }
      }
      assertEquals(0, z[35 * 70]);
    }
  }

  /** The gate is z > threshold: a NaN is never active, and nothing is lost of the other rows. */
  @Test
  void rowsThatAreNotFiniteAreGatedLikeOthers() {
    EncoderProblem problem = EncoderProblem.random(3, 24, 30, 200);
    try (GpuSae sae = sae(gpu, problem, 5, Precision.EXACT)) {
      for (int rows : new int[] {24, 6}) {
        ActiveLists plain = sae.encode(problem.x(), rows);
        float[] x = problem.x().clone();
        x[30] = Float.NaN;
        x[3 * 30 + 2] = Float.POSITIVE_INFINITY;
        ActiveLists lists = sae.encode(x, rows);
        assertEquals(lists.starts()[1], lists.starts()[2]);
        int at = lists.starts()[3];
        for (int f = 0; f < 200; f++) {
          if (problem.encoder()[f * 30 + 2] > 0) {
            assertEquals(f, lists.features()[at]);
            assertEquals(Float.POSITIVE_INFINITY, lists.values()[at]);
            at++;
          }
        }
        assertEquals(at, lists.starts()[4]);
        for (int r : new int[] {0, 2, 4, 5}) {
          assertArrayEquals(
              Arrays.copyOfRange(plain.values(), plain.starts()[r], plain.starts()[r + 1]),
              Arrays.copyOfRange(lists.values(), lists.starts()[r], lists.starts()[r + 1]),
              0);
        }
      }
    }
  }

  /** As much memory as the weights and a part of the batch need. */
  @Test
  void batchesThatDoNotFitAreCut() {
    EncoderProblem problem = EncoderProblem.random(3, 70, 64, 140);
    ActiveLists whole;
    long held;
    try (GpuSae sae = sae(gpu, problem, 64, Precision.EXACT)) {
      held = gpu.bytesInUse();
      whole = sae.encode(problem.x(), 70);
      requireRight(problem, whole);
    }
    assertTrue(GpuSae.bytes(64, 140, 64) <= held && held < GpuSae.bytes(64, 140, 64) + 100);
    float[] xhat = new float[70 * 64];
    float[] z = new float[70 * 140];
    for (long more : new long[] {9_000, 20_000, 80_000}) {
      EmulatedDriver.configure("memory=" + (held + more));
      try (GpuSae sae = sae(gpu, problem, 64, Precision.EXACT)) {
        requireEqual(whole, sae.encode(problem.x(), 70));
        requireEqual(whole, sae.encode(problem.x(), 70));
        float[] cut = new float[xhat.length];
        sae.decode(whole.starts(), whole.features(), whole.values(), cut);
        float[] cutZ = new float[z.length];
        sae.preactivations(problem.x(), 70, cutZ);
        EmulatedDriver.configure("");
        try (GpuSae roomy = sae(gpu, problem, 64, Precision.EXACT)) {
          roomy.decode(whole.starts(), whole.features(), whole.values(), xhat);
          roomy.preactivations(problem.x(), 70, z);
        }
        assertArrayEquals(xhat, cut, 0);
        assertArrayEquals(z, cutZ, 0);
      }
    }
    EmulatedDriver.configure("memory=" + (held + 1000));
    try (GpuSae sae = sae(gpu, problem, 64, Precision.EXACT)) {
      GpuMemoryException thrown =
          assertThrows(GpuMemoryException.class, () -> sae.encode(problem.x(), 70));
      assertTrue(thrown.getMessage().contains("too little free memory"), thrown.getMessage());
      EmulatedDriver.configure("");
      requireEqual(whole, sae.encode(problem.x(), 70));
    }
  }

  /** Whichever allocation fails, nothing stays taken. */
  @Test
  void weightsThatDoNotFitTakeNothing() {
    EncoderProblem problem = EncoderProblem.random(3, 20, 16, 40);
    boolean fits = false;
    for (int n = 1; !fits; n++) {
      assertTrue(n < 50);
      EmulatedDriver.configure("fail-alloc=" + n);
      try (GpuSae sae = sae(gpu, problem, 5, Precision.EXACT)) {
        EmulatedDriver.configure("");
        requireRight(problem, sae.encode(problem.x(), 20));
        fits = true;
      } catch (GpuException e) {
        assertEquals(0, EmulatedDriver.count("live-allocations"));
        assertEquals(0, gpu.bytesInUse());
      }
    }
  }

  /** Whichever allocation of a batch fails, the result is the same. */
  @Test
  void anyAllocationOfABatchMayFail() {
    EncoderProblem problem = EncoderProblem.random(3, 20, 16, 40);
    for (int n = 1; n < 14; n++) {
      try (GpuSae sae = sae(gpu, problem, 5, Precision.EXACT)) {
        EmulatedDriver.configure("fail-alloc=" + n);
        requireRight(problem, sae.encode(problem.x(), 20));
      } catch (GpuException e) {
        // Memory of the host, which no smaller batch would spare.
        assertTrue(e.getMessage().contains("memory that stays in place"), e.getMessage());
      }
      EmulatedDriver.configure("");
    }
  }

  @Test
  void wrongArgumentsAreRefused() {
    EncoderProblem problem = EncoderProblem.random(3, 5, 16, 40);
    GpuSae sae = sae(gpu, problem, 5, Precision.EXACT);
    assertRefused(() -> sae.encode(problem.x(), 6));
    assertRefused(() -> sae.encode(problem.x(), -1));
    assertRefused(() -> sae.preactivations(problem.x(), 5, new float[5 * 40 - 1]));
    int[] one = {0, 1};
    float[] value = {1};
    assertRefused(() -> sae.decode(one, new int[1], value, new float[4]));
    assertRefused(() -> sae.decode(new int[] {0, 2}, new int[1], value, new float[5]));
    assertRefused(() -> sae.decode(new int[] {1, 0}, new int[1], value, new float[5]));
    for (int feature : new int[] {-1, 40}) {
      assertThrows(
          IndexOutOfBoundsException.class,
          () -> sae.decode(one, new int[] {feature}, value, new float[5]));
    }
    sae.close();
    sae.close();
    assertThrows(IllegalStateException.class, () -> sae.encode(problem.x(), 5));
    GpuSae.Rows none = (feature, into) -> {};
    assertRefused(
        () -> new GpuSae.Weights(0, none, new float[3], new float[3], none, new float[2]));
    assertRefused(
        () -> new GpuSae.Weights(4, none, new float[2], new float[3], none, new float[2]));
  }

  private static void assertRefused(Runnable call) {
    assertThrows(IllegalArgumentException.class, call::run);
  }
}
