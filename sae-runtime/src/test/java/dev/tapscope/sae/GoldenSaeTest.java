package dev.tapscope.sae;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.fixtures.Fixtures;
import dev.tapscope.fixtures.Npz;
import dev.tapscope.fixtures.Tensor;
import dev.tapscope.kernel.EmulatedKernels;
import dev.tapscope.kernel.Kernels;
import dev.tapscope.kernel.SaeKernels;
import dev.tapscope.kernel.SparseRows;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The tiny model's SAEs against what NumPy and PyTorch computed for them, fed with the golden
 * activations of every kept position.
 */
final class GoldenSaeTest {
  private static final Map<String, String> FOLDERS =
      Map.of(
          "res", "res/layer_3/width_1k/average_l0_26",
          "att", "att/layer_3/width_1k/average_l0_24",
          "mlp", "mlp/layer_3/width_1k/average_l0_21");

  private static final Map<String, String> GOLDEN_SITES =
      Map.of("res", "L3.resid_post", "att", "L3.z", "mlp", "L3.post_ffn");

  /** Allowed difference, relative to the largest value of the reference. */
  private static final double TOLERANCE = 1e-5;

  static Stream<Arguments> cases() {
    return Stream.of(Kernels.plain(), Kernels.best(), new EmulatedKernels())
        .flatMap(kernels ->
            Stream.of("short", "mid", "long", "unicode", "code", "question", "chat", "no_bos")
                .flatMap(prompt ->
                    FOLDERS.keySet().stream()
                        .map(site -> Arguments.of(kernels.name(), prompt, site, kernels))));
  }

  @ParameterizedTest(name = "{0} {1} {2}")
  @MethodSource("cases")
  void agreesWithTheReference(String kernel, String prompt, String site, SaeKernels kernels) {
    Npz model = Npz.read(Fixtures.tinyGemma2().resolve("golden/" + prompt + ".npz"));
    Npz golden = Npz.read(Fixtures.tinyGemma2().resolve("sae/golden/" + prompt + ".npz"));
    JumpReluSae sae = SaeFolder.open(Fixtures.sae(FOLDERS.get(site))).sae();
    Tensor activations = model.array(GOLDEN_SITES.get(site));
    int[] positions = golden.array("positions").ints();
    assertArrayEquals(model.array("positions").ints(), positions);
    assertEquals(positions.length, activations.rows());

    SparseRows features = kernels.encode(sae.weights(), activations.floats(), positions.length);
    int[] indptr = golden.array(site + ".indptr").ints();
    int[] indices = golden.array(site + ".indices").ints();
    Tensor values = golden.array(site + ".values");
    double scale = values.maxAbs();
    for (int r = 0; r < positions.length; r++) {
      int from = indptr[positions[r]];
      int count = indptr[positions[r] + 1] - from;
      assertEquals(count, features.count(r), "active features at position " + positions[r]);
      for (int i = 0; i < count; i++) {
        int entry = features.start(r) + i;
        assertEquals(indices[from + i], features.index(entry), "gate at " + positions[r]);
        assertEquals(values.at(from + i), features.value(entry), TOLERANCE * scale);
      }
    }

    float[] xhat = new float[positions.length * sae.outputs()];
    kernels.decode(sae.weights(), features, xhat);
    assertClose(golden.array(site + ".recon"), xhat);

    if (golden.has(site + ".preact")) {
      float[] z = new float[positions.length * sae.features()];
      kernels.preactivations(sae.weights(), activations.floats(), positions.length, z);
      assertClose(golden.array(site + ".preact"), z);
    }
  }

  private static void assertClose(Tensor reference, float[] got) {
    assertEquals(reference.size(), got.length);
    double worst = 0;
    for (int i = 0; i < got.length; i++) {
      worst = Math.max(worst, Math.abs(reference.at(i) - got[i]));
    }
    double relative = worst / reference.maxAbs();
    assertTrue(relative <= TOLERANCE, "worst relative difference " + relative);
  }
}
