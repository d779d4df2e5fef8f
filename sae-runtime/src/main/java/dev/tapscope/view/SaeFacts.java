package dev.tapscope.view;

import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What is known of an SAE beside what it said about the run.
 *
 * @param address the site it reads
 * @param width number of features, 0 when unknown
 * @param stats statistics over a corpus, where they lie beside the SAE
 * @param labels text and source by feature index
 * @param relativeError {@code ||x - xhat|| / ||x||} over the run without BOS, where recorded
 */
public record SaeFacts(
    String address,
    int width,
    Optional<Stats> stats,
    Map<Integer, Label> labels,
    OptionalDouble relativeError) {

  public SaeFacts {
    labels = Map.copyOf(labels);
  }

  /** Nothing known but the place. */
  public static SaeFacts bare(String address) {
    return new SaeFacts(address, 0, Optional.empty(), Map.of(), OptionalDouble.empty());
  }

  /** A label and who gave it. */
  public record Label(String text, String source) {}

  /**
   * Statistics of each feature.
   *
   * @param max largest activation {@code [F]}
   * @param density share of tokens it fires on {@code [F]}
   * @param tokens size of the corpus
   */
  @SuppressWarnings("ArrayRecordComponent") // large, handed on once, never compared
  public record Stats(float[] max, float[] density, long tokens) {}
}
