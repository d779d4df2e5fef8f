package dev.tapscope.cli;

import dev.tapscope.kernel.SaeKernels;
import dev.tapscope.kernel.SaeWeights;
import dev.tapscope.kernel.SparseRows;
import dev.tapscope.recording.RunStream;
import dev.tapscope.sae.SaeStats;
import dev.tapscope.store.ActivationStore;
import dev.tapscope.tap.TapscopeException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** Each feature's maximum, mean and density over the tokens of a run, BOS and EOS left out. */
final class FeatureStatistics {
  /** At a time; so few that the young generation collects what they leave, and the heap stays. */
  private static final int PREACTIVATIONS = 1 << 16;

  private final float[] max;
  private final double[] sum;
  private final long[] count;
  private long tokens;
  private double norms;
  private long rows;
  private long seen;
  private String normSite = "";

  private FeatureStatistics(int features) {
    this.max = new float[features];
    this.sum = new double[features];
    this.count = new long[features];
  }

  /**
   * Reads a run that recorded both an SAE's features and the site it writes, and no other site.
   *
   * @param sae its name in the run
   * @param ends tokens that end a text
   * @throws TapscopeException {@code stats-empty} when the run has no token to count, {@code
   *     stats-site} when it has tokens and nothing of the SAE or the site
   */
  static FeatureStatistics of(Path folder, String sae, int features, Set<Integer> ends) {
    RunStream run = RunStream.open(folder);
    FeatureStatistics statistics = new FeatureStatistics(features);
    CountedTokens counted = CountedTokens.of(folder, run, ends);
    statistics.tokens = counted.count();
    run.features(
        sae,
        (sequence, position, indices, values, from, to) -> {
          if (counted.has(sequence, position)) {
            statistics.add(folder, indices, values, from, to);
          }
        });
    run.activations((address, sequence, position, row) -> {
      if (counted.has(sequence, position)) {
        statistics.addNorm(address, row);
      }
    });
    if (statistics.seen == 0 || statistics.rows == 0) {
      throw TapscopeException.failed(
          "stats-site",
          "The run in %s computed %d tokens besides BOS and EOS, SAE %s saw %d of them, and %d rows of the site it writes were recorded. Check that the SAE's address names a site that fires in every pass."
              .formatted(folder, statistics.tokens, sae, statistics.seen, statistics.rows));
    }
    return statistics;
  }

  /**
   * Runs an SAE on all rows of a store, which has none of the tokens that its harvest left out.
   *
   * @param input address of the rows that are encoded
   * @param output address of the rows that are reconstructed
   */
  static FeatureStatistics of(
      ActivationStore store, String input, String output, SaeWeights weights, SaeKernels kernels) {
    FeatureStatistics statistics = new FeatureStatistics(weights.features());
    int most = Math.max(4, PREACTIVATIONS / weights.features());
    for (long from = 0; from < store.rows(); from += most) {
      int rows = (int) Math.min(most, store.rows() - from);
      float[] x = store.read(input, from, rows);
      SparseRows features = kernels.encode(weights, x, rows);
      for (int i = 0; i < features.end(rows - 1); i++) {
        statistics.fired(features.index(i), features.value(i));
      }
      float[] y = input.equals(output) ? x : store.read(output, from, rows);
      for (int row = 0; row < rows; row++) {
        int at = row * weights.outputs();
        statistics.addNorm(output, Arrays.copyOfRange(y, at, at + weights.outputs()));
      }
    }
    statistics.tokens = statistics.rows;
    statistics.seen = statistics.rows;
    return statistics;
  }

  private void add(Path folder, long[] indices, float[] values, int from, int to) {
    seen++;
    for (int i = from; i < to; i++) {
      if (indices[i] < 0 || indices[i] >= max.length) {
        throw TapscopeException.failed(
            "run-corrupt",
            "The run in %s has a feature %d, and the SAE has %d features. Run again."
                .formatted(folder, indices[i], max.length));
      }
      fired((int) indices[i], values[i]);
    }
  }

  private void fired(int feature, float value) {
    max[feature] = Math.max(max[feature], value);
    sum[feature] += value;
    count[feature]++;
  }

  private void addNorm(String address, float[] row) {
    double squares = 0;
    for (float value : row) {
      squares += (double) value * value;
    }
    norms += Math.sqrt(squares);
    rows++;
    normSite = address;
  }

  /**
   * What {@code stats.safetensors} says of itself.
   *
   * @param read canonical address of the site the SAE reads
   * @param corpus names of its files
   * @param corpusSha256 their hashes
   * @param bos whether BOS was left out
   * @param eos whether EOS was left out
   */
  Map<String, String> metadata(
      String read, String corpus, String corpusSha256, String saeSha256, boolean bos, boolean eos) {
    int dot = read.lastIndexOf('.');
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("site", dot < 0 ? read : read.substring(0, dot));
    metadata.put("layer", dot < 0 ? "" : read.substring(dot + 1));
    metadata.put("n_tokens", Long.toString(tokens));
    metadata.put("bos", bos ? "excluded" : "included");
    metadata.put("eos", eos ? "excluded" : "included");
    metadata.put("corpus", corpus);
    metadata.put("corpus_sha256", corpusSha256);
    metadata.put("sae_sha256", saeSha256);
    metadata.put("mean_norm", Double.toString(meanNorm()));
    metadata.put(SaeStats.MEAN_NORM_SITE, normSite);
    return metadata;
  }

  /** The statistics as they lie beside an SAE; a feature that never fires has zeros. */
  SaeStats stats(Map<String, String> metadata) {
    float[] mean = new float[max.length];
    float[] density = new float[max.length];
    for (int f = 0; f < max.length; f++) {
      mean[f] = count[f] == 0 ? 0 : (float) (sum[f] / count[f]);
      density[f] = (float) ((double) count[f] / tokens);
    }
    return SaeStats.of(max, mean, density, metadata);
  }

  long tokens() {
    return tokens;
  }

  int features() {
    return max.length;
  }

  /** Canonical address of the site whose norms these are. */
  String normSite() {
    return normSite;
  }

  /** Mean Euclidean norm of that site's rows. */
  double meanNorm() {
    return norms / rows;
  }

  /** Mean number of active features. */
  double l0() {
    long all = 0;
    for (long n : count) {
      all += n;
    }
    return (double) all / tokens;
  }

  /** Features that fire at all. */
  long alive() {
    return Arrays.stream(count).filter(n -> n > 0).count();
  }

  /** Features that fire on a larger share of the tokens. */
  long denserThan(double share) {
    return Arrays.stream(count).filter(n -> (double) n / tokens > share).count();
  }
}
