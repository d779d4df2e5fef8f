package dev.tapscope.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tapscope.kernel.Kernels;
import dev.tapscope.kernel.SaeWeights;
import dev.tapscope.sae.SaeStats;
import dev.tapscope.sae.Sha256;
import dev.tapscope.store.ActivationStore;
import dev.tapscope.store.Stores;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoreStatisticsTest {
  @TempDir private Path folder;

  /**
   * Rows of res.3 are (0,1) (0,2) (0,3) (1,1) (1,2) (1,3), those of mlp.3 have the sum besides.
   * Feature 0 reads the first number, above 0.5 in half of them; feature 1 twice the second one,
   * above 5 in two; feature 2 nothing.
   */
  @Test
  void aTranscoderIsMeasuredOnTheWholeStore() throws IOException {
    ActivationStore store = Stores.of(folder.resolve("store"), 2, "f32");
    SaeWeights.Draft draft = new SaeWeights.Draft(2, 3, 3);
    draft.encoderColumn(0, new float[] {1, 0});
    draft.encoderColumn(1, new float[] {0, 2});
    draft.threshold()[0] = 0.5f;
    draft.threshold()[1] = 5;
    draft.threshold()[2] = 1;
    Path sae = Files.writeString(folder.resolve("params.npz"), "the SAE");

    FeatureStatistics statistics =
        StoreStatistics.write(store, "res.3>mlp.3", draft.finish(), Kernels.best(), sae);

    assertEquals(5 / 6.0, statistics.l0(), 1e-12);
    assertEquals(2, statistics.alive());
    SaeStats stats = SaeStats.read(folder.resolve("stats.safetensors"));
    assertEquals(1, stats.max(0).orElseThrow());
    assertEquals(6, stats.max(1).orElseThrow());
    assertEquals(6, stats.meanActive(1).orElseThrow());
    assertEquals(1 / 2f, stats.density(0).orElseThrow());
    assertEquals(1 / 3f, stats.density(1).orElseThrow());
    assertEquals(0, stats.density(2).orElseThrow());
    double norms =
        Math.sqrt(2) + Math.sqrt(8) + Math.sqrt(18) + Math.sqrt(6) + Math.sqrt(14) + Math.sqrt(26);
    assertEquals(norms / 6, stats.meanNorm().orElseThrow(), 1e-12);
    Map<String, String> metadata = stats.metadata();
    assertEquals("res", metadata.get("site"));
    assertEquals("3", metadata.get("layer"));
    assertEquals("6", metadata.get("n_tokens"));
    assertEquals("mlp.3", metadata.get("mean_norm_site"));
    assertEquals("corpus.jsonl", metadata.get("corpus"));
    assertEquals("01", metadata.get("corpus_sha256"));
    assertEquals(Sha256.of(sae), metadata.get("sae_sha256"));
    assertEquals("excluded", metadata.get("bos"));
    assertEquals("excluded", metadata.get("eos"));
    assertEquals(10, metadata.size(), metadata::toString);
  }
}
