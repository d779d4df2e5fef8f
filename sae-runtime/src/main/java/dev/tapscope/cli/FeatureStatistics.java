package dev.tapscope.cli;

import dev.tapscope.io.Safetensors;
import dev.tapscope.recording.FeatureTable;
import dev.tapscope.recording.RecordedRun;
import dev.tapscope.recording.RecordedToken;
import dev.tapscope.sae.SaeStats;
import dev.tapscope.tap.TapscopeException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Each feature's maximum, mean and density over the tokens of a run, BOS and EOS left out. */
final class FeatureStatistics {
  private final float[] max;
  private final double[] sum;
  private final long[] count;
  private long tokens;
  private double norms;
  private long rows;

  private FeatureStatistics(int features) {
    this.max = new float[features];
    this.sum = new double[features];
    this.count = new long[features];
  }

  /**
   * Reads a run that recorded both the SAE's features and its site.
   *
   * @param ends tokens that end a text
   */
  static FeatureStatistics of(Path folder, SaeSpec sae, int features, Set<Integer> ends) {
    RecordedRun run = RecordedRun.open(folder);
    FeatureStatistics statistics = new FeatureStatistics(features);
    FeatureTable table =
        run.features().stream()
            .filter(t -> t.name().equals(sae.name()))
            .findFirst()
            .orElseThrow(() -> empty(folder));
    Set<Long> counted = new HashSet<>();
    for (int i = 0; i < run.tokens().size(); i++) {
      RecordedToken token = run.tokens().get(i);
      if (!token.bos() && !ends.contains(token.id())) {
        counted.add(place(token.sequence(), token.position()));
        statistics.add(table.rows().get(i));
      }
    }
    for (Path shard : run.activationShards()) {
      statistics.addNorms(Safetensors.open(shard), sae.inputAddress(), counted);
    }
    if (statistics.tokens == 0 || statistics.rows == 0) {
      throw empty(folder);
    }
    return statistics;
  }

  private static TapscopeException empty(Path folder) {
    return TapscopeException.failed(
        "stats-empty",
        "The run in " + folder + " has no token besides BOS and EOS. Give a corpus with text.");
  }

  private void add(List<FeatureTable.Firing> firings) {
    tokens++;
    for (FeatureTable.Firing firing : firings) {
      int f = firing.feature();
      max[f] = Math.max(max[f], firing.value());
      sum[f] += firing.value();
      count[f]++;
    }
  }

  private void addNorms(Safetensors shard, String address, Set<Long> counted) {
    if (shard.find(address).isEmpty() || shard.find(address + ".rows").isEmpty()) {
      return;
    }
    long[] places = shard.find(address + ".rows").get().longs();
    shard
        .find(address)
        .get()
        .rows((i, row) -> {
          int at = 3 * Math.toIntExact(i);
          if (counted.contains(place(places[at], places[at + 1]))) {
            double squares = 0;
            for (float value : row) {
              squares += (double) value * value;
            }
            norms += Math.sqrt(squares);
            rows++;
          }
        });
  }

  private static long place(long sequence, long position) {
    return sequence << 32 | position;
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

  /** Mean Euclidean norm of the site's rows. */
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
