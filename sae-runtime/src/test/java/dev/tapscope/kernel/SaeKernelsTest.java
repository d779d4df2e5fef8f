package dev.tapscope.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.cuda.EmulatedDriver;
import dev.tapscope.cuda.Gpu;
import dev.tapscope.emulated.EmulatedGpu;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

final class SaeKernelsTest {
  static Stream<Arguments> kernels() {
    return Stream.of(
        Arguments.of(new PlainKernels()),
        Arguments.of(new VectorKernels()),
        Arguments.of(new EmulatedKernels()));
  }

  /** Where the emulated GPU has to be spared: it is slow, and has 4 GB. */
  static Stream<Arguments> cpuKernels() {
    return kernels().limit(2);
  }

  /** d_in 2, F 3, d_out 2; every number small enough to follow by hand. */
  private static SaeWeights byHand() {
    SaeWeights.Draft draft = new SaeWeights.Draft(2, 3, 2);
    draft.encoderRow(0, new float[] {1, 0, 2});
    draft.encoderRow(1, new float[] {0, 1, -1});
    draft.decoderRow(0, new float[] {1, 0});
    draft.decoderRow(1, new float[] {0, 1});
    draft.decoderRow(2, new float[] {0.5f, 0.5f});
    System.arraycopy(new float[] {0.5f, -1, 0}, 0, draft.encoderBias(), 0, 3);
    System.arraycopy(new float[] {10, 20}, 0, draft.decoderBias(), 0, 2);
    System.arraycopy(new float[] {1, 1, 3}, 0, draft.threshold(), 0, 3);
    return draft.finish();
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void encodesAndDecodesAsByHand(SaeKernels kernels) {
    // Row 0: z = (2 + .5, 4 - 1, 4 - 4 + 0) = (2.5, 3, 0). Row 1: z = (2.5, -2, 5).
    float[] x = {2, 4, 2, -1};
    float[] z = new float[6];
    kernels.preactivations(byHand(), x, 2, z);
    assertArrayEquals(new float[] {2.5f, 3, 0, 2.5f, -2, 5}, z);
    SparseRows f = kernels.encode(byHand(), x, 2);
    assertEquals(2, f.rows());
    assertArrayEquals(new int[] {0, 1}, f.indices(0));
    assertArrayEquals(new float[] {2.5f, 3}, f.values(0));
    assertArrayEquals(new int[] {0, 2}, f.indices(1));
    assertEquals(5, f.value(1, 2));
    assertFalse(f.active(1, 1));
    assertEquals(0, f.value(1, 1));
    // xhat 0: 2.5 (1,0) + 3 (0,1) + (10,20). xhat 1: 2.5 (1,0) + 5 (.5,.5) + (10,20).
    float[] xhat = new float[4];
    kernels.decode(byHand(), f, xhat);
    assertArrayEquals(new float[] {12.5f, 23, 15, 22.5f}, xhat);
    kernels.addFeature(byHand(), 2, -4, xhat, 2);
    assertArrayEquals(new float[] {12.5f, 23, 13, 20.5f}, xhat);
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void aGateOpensAboveItsThresholdAndNotAtIt(SaeKernels kernels) {
    // z of feature 0 is x0 + .5 against the threshold 1.
    float[] x = {0.5f, 0, 0.5f + 0x1p-23f, 0};
    SparseRows f = kernels.encode(byHand(), x, 2);
    assertFalse(f.active(0, 0));
    assertTrue(f.active(1, 0));
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void aThresholdOfZeroKeepsWhatIsAboveZero(SaeKernels kernels) {
    SaeWeights.Draft draft = new SaeWeights.Draft(1, 2, 1);
    draft.encoderRow(0, new float[] {1, -1});
    SparseRows f = kernels.encode(draft.finish(), new float[] {0, 3}, 2);
    assertEquals(0, f.count(0));
    assertArrayEquals(new int[] {0}, f.indices(1));
  }

  /** Weights that are gone make room; those that come back are brought back. */
  @Test
  void weightsLeaveTheCardWhenTheyAreReleased() {
    Gpu gpu = EmulatedGpu.opened();
    long before = gpu.bytesInUse();
    try (CudaKernels kernels = new CudaKernels(gpu)) {
      SaeWeights weights = byHand();
      kernels.prepare(weights);
      assertTrue(gpu.bytesInUse() > before);
      kernels.release(weights);
      assertEquals(before, gpu.bytesInUse());
      assertEquals(2, kernels.encode(weights, new float[] {2, 4}, 1).count(0));
    }
    assertEquals(before, gpu.bytesInUse());
  }

  @Test
  void weightsComeBackAsTheyWentIn() {
    SaeWeights byRow = byHand();
    SaeWeights.Draft draft = new SaeWeights.Draft(2, 3, 2);
    draft.encoderColumn(0, new float[] {1, 0});
    draft.encoderColumn(1, new float[] {0, 1});
    draft.encoderColumn(2, new float[] {2, -1});
    draft.decoderColumn(0, new float[] {1, 0, 0.5f});
    draft.decoderColumn(1, new float[] {0, 1, 0.5f});
    SaeWeights byColumn = draft.finish();
    for (int f = 0; f < 3; f++) {
      assertArrayEquals(byRow.encoderColumn(f), byColumn.encoderColumn(f));
      assertArrayEquals(byRow.decoderRow(f), byColumn.decoderRow(f));
    }
    assertArrayEquals(new float[] {2, -1}, byRow.encoderColumn(2));
    assertEquals(20, byRow.decoderBias(1));
  }

  /** Sizes that leave rests of panels, vectors, tiles, blocks and warps. */
  @ParameterizedTest
  @CsvSource({"1, 1, 1, 1", "7, 33, 5, 3", "300, 70, 19, 6", "128, 64, 128, 9", "513, 31, 33, 4"})
  void allAgreeWithPlain(int inputs, int features, int outputs, int rows) {
    agreesWithPlain(new VectorKernels(), inputs, features, outputs, rows);
    agreesWithPlain(new EmulatedKernels(), inputs, features, outputs, rows);
  }

  private static void agreesWithPlain(
      SaeKernels kernels, int inputs, int features, int outputs, int rows) {
    Random random = new Random(inputs * 31L + features);
    SaeWeights weights = random(random, inputs, features, outputs);
    float[] x = gaussians(random, rows * inputs);
    float[] plain = new float[rows * features];
    float[] others = new float[rows * features];
    new PlainKernels().preactivations(weights, x, rows, plain);
    kernels.preactivations(weights, x, rows, others);
    assertClose(plain, others, 2e-6);

    SparseRows f = new PlainKernels().encode(weights, x, rows);
    float[] plainXhat = new float[rows * outputs];
    float[] othersXhat = new float[rows * outputs];
    Arrays.fill(othersXhat, 99);
    new PlainKernels().decode(weights, f, plainXhat);
    kernels.decode(weights, f, othersXhat);
    assertClose(plainXhat, othersXhat, 2e-6);
  }

  /** A row's bits do not depend on its company, on threads, or on how warm the JVM is. */
  @ParameterizedTest
  @MethodSource("kernels")
  void theBitsOfARowAreItsOwn(SaeKernels kernels) {
    Random random = new Random(5);
    int inputs = 300;
    int features = 2_000;
    int rows = 13; // 13 * 300 * 2,000 products: more than one thread takes alone
    SaeWeights weights = random(random, inputs, features, 50);
    float[] x = gaussians(random, rows * inputs);
    float[] together = new float[rows * features];
    kernels.preactivations(weights, x, rows, together);
    float[] alone = new float[features];
    for (int r = 0; r < rows; r++) {
      kernels.preactivations(
          weights, Arrays.copyOfRange(x, r * inputs, (r + 1) * inputs), 1, alone);
      assertArrayEquals(
          Arrays.copyOfRange(together, r * features, (r + 1) * features), alone, "row " + r);
    }
  }

  /** On the GPU there is nothing that gets warm; there threads run in another order each time. */
  @ParameterizedTest
  @MethodSource("kernels")
  void manyRunsGiveTheSameBits(SaeKernels kernels) {
    boolean emulated = kernels instanceof EmulatedKernels;
    Random random = new Random(6);
    SaeWeights weights = random(random, 70, 41, 23);
    float[] x = gaussians(random, 5 * 70);
    float[] firstZ = new float[5 * 41];
    float[] firstXhat = new float[5 * 23];
    float[] z = new float[5 * 41];
    float[] xhat = new float[5 * 23];
    for (int i = 0; i < (emulated ? 100 : 20_000); i++) {
      if (emulated) {
        EmulatedDriver.configure("order=" + i);
      }
      kernels.preactivations(weights, x, 5, z);
      SparseRows f = kernels.encode(weights, x, 5);
      kernels.decode(weights, f, xhat);
      kernels.addFeature(weights, 7, 0.3f, xhat, 23);
      if (i == 0) {
        System.arraycopy(z, 0, firstZ, 0, z.length);
        System.arraycopy(xhat, 0, firstXhat, 0, xhat.length);
      }
      assertArrayEquals(firstZ, z);
      assertArrayEquals(firstXhat, xhat);
    }
  }

  /** One row holds more preactivations than a chunk, so that rows are encoded one by one. */
  @ParameterizedTest
  @MethodSource("cpuKernels")
  void manyFeaturesAreEncodedInChunks(SaeKernels kernels) {
    int features = (1 << 21) + 5;
    SaeWeights.Draft draft = new SaeWeights.Draft(1, features, 1);
    float[] row = new float[features];
    row[0] = 1;
    row[features - 1] = -1;
    draft.encoderRow(0, row);
    SparseRows f = kernels.encode(draft.finish(), new float[] {2, -3, 0, 4, -5}, 5);
    assertEquals(5, f.rows());
    assertArrayEquals(new int[] {0}, f.indices(0));
    assertArrayEquals(new int[] {features - 1}, f.indices(1));
    assertEquals(0, f.count(2));
    assertArrayEquals(new float[] {4}, f.values(3));
    assertArrayEquals(new float[] {5}, f.values(4));
  }

  /** The largest published SAEs: a million features of Gemma 2 2B's residual stream. */
  @Test
  void aMillionFeaturesCanBeCounted() {
    assertEquals(2L * 1_048_576 * 2304 * 4, SaeWeights.bytes(2304, 1_048_576, 2304));
  }

  /** Offsets beyond 2 GiB: the last features of an encoder of 2.5 GB. */
  @ParameterizedTest
  @MethodSource("cpuKernels")
  @Tag("full")
  void weightsBeyondTwoGibibytes(SaeKernels kernels) {
    int inputs = 2304;
    int features = 271_001;
    long bytes = SaeWeights.bytes(inputs, features, 1);
    Assumptions.assumeTrue(
        Runtime.getRuntime().maxMemory() > bytes, "this JVM may not take 2.5 GB outside the heap");
    SaeWeights.Draft draft = new SaeWeights.Draft(inputs, features, 1);
    float[] column = new float[inputs];
    column[inputs - 1] = 2;
    draft.encoderColumn(features - 1, column);
    draft.decoderRow(features - 1, new float[] {3});
    float[] x = new float[inputs];
    x[inputs - 1] = 5;
    SparseRows f = kernels.encode(draft.finish(), x, 1);
    assertArrayEquals(new int[] {features - 1}, f.indices(0));
    assertArrayEquals(new float[] {10}, f.values(0));
    float[] xhat = new float[1];
    kernels.decode(draft.finish(), f, xhat);
    assertEquals(30, xhat[0]);
  }

  @Test
  void theVectorApiIsFoundWhereItIsThere() {
    assertInstanceOf(VectorKernels.class, Kernels.best());
    assertEquals("", Kernels.advice());
    assertEquals("plain", Kernels.plain().name());
  }

  private static SaeWeights random(Random random, int inputs, int features, int outputs) {
    SaeWeights.Draft draft = new SaeWeights.Draft(inputs, features, outputs);
    for (int k = 0; k < inputs; k++) {
      draft.encoderRow(k, gaussians(random, features));
    }
    for (int f = 0; f < features; f++) {
      draft.decoderRow(f, gaussians(random, outputs));
      draft.encoderBias()[f] = (float) random.nextGaussian();
      draft.threshold()[f] = random.nextFloat();
    }
    System.arraycopy(gaussians(random, outputs), 0, draft.decoderBias(), 0, outputs);
    return draft.finish();
  }

  private static float[] gaussians(Random random, int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  private static void assertClose(float[] wanted, float[] got, double relative) {
    double scale = 0;
    for (float value : wanted) {
      scale = Math.max(scale, Math.abs(value));
    }
    for (int i = 0; i < wanted.length; i++) {
      assertEquals(wanted[i], got[i], relative * scale, "value " + i);
    }
  }
}
