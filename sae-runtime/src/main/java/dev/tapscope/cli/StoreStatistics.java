package dev.tapscope.cli;

import dev.tapscope.kernel.SaeKernels;
import dev.tapscope.kernel.SaeWeights;
import dev.tapscope.live.LiveRows;
import dev.tapscope.sae.SaeStats;
import dev.tapscope.sae.Sha256;
import dev.tapscope.store.ActivationStore;
import dev.tapscope.store.Asked;
import java.nio.file.Path;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * {@code stats.safetensors} beside an SAE, from the store it was trained on: no model is needed.
 */
final class StoreStatistics {
  private StoreStatistics() {}

  /**
   * Runs an SAE over the whole store.
   *
   * @param site address in the store, {@code in>out} for a transcoder
   * @param weights those of the file, which is there already
   * @param kernels for them
   * @return what was found
   */
  static FeatureStatistics write(
      ActivationStore store, String site, SaeWeights weights, SaeKernels kernels, Path file) {
    String input = LiveRows.input(site);
    FeatureStatistics statistics =
        FeatureStatistics.of(store, input, LiveRows.output(site), weights, kernels);
    statistics
        .stats(
            statistics.metadata(
                input,
                joined(store, Asked.CorpusFile::file),
                joined(store, Asked.CorpusFile::sha256),
                Sha256.of(file),
                store.leavesOut("bos"),
                store.leavesOut("eos")))
        .write(file.resolveSibling(SaeStats.FILE));
    return statistics;
  }

  private static String joined(ActivationStore store, Function<Asked.CorpusFile, String> part) {
    return store.corpus().stream().map(part).collect(Collectors.joining(", "));
  }
}
