package dev.tapscope.recording;

import java.util.List;

/**
 * The active features of one SAE over the tokens of a run, as compressed sparse rows. Row {@code i}
 * belongs to {@link RecordedRun#tokens()}{@code .get(i)}; a token the SAE did not see has an empty
 * row.
 *
 * @param name the SAE's name in the run
 * @param rows active features of each token, in the order of the run's tokens
 */
public record FeatureTable(String name, List<List<Firing>> rows) {
  public FeatureTable {
    rows = rows.stream().map(List::copyOf).toList();
  }

  /**
   * A feature active at a token.
   *
   * @param feature index in the SAE
   * @param value its activation, in the units of the SAE's encoder
   */
  public record Firing(int feature, float value) {}
}
