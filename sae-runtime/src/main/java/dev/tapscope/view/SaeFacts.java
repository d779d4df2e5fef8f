package dev.tapscope.view;

import dev.tapscope.sae.Label;
import dev.tapscope.sae.SaeStats;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What is known of an SAE beside what it said about the run.
 *
 * @param address the site it reads
 * @param width number of features, 0 when unknown
 * @param stats statistics over a corpus, where they lie beside the SAE
 * @param labels labels by feature
 * @param relativeError {@code ||x - xhat|| / ||x||} over the run without BOS, where recorded
 */
public record SaeFacts(
    String address,
    int width,
    Optional<SaeStats> stats,
    Map<Integer, Label> labels,
    OptionalDouble relativeError) {

  public SaeFacts {
    labels = Map.copyOf(labels);
  }

  /** Nothing known but the place. */
  public static SaeFacts bare(String address) {
    return new SaeFacts(address, 0, Optional.empty(), Map.of(), OptionalDouble.empty());
  }

  /** Largest activation of a feature over the corpus. */
  OptionalDouble max(int feature) {
    return stats
        .filter(s -> feature < s.features())
        .map(s -> s.max(feature))
        .orElse(OptionalDouble.empty());
  }

  /** Share of the corpus a feature fires on. */
  OptionalDouble density(int feature) {
    return stats
        .filter(s -> feature < s.features())
        .map(s -> s.density(feature))
        .orElse(OptionalDouble.empty());
  }

  /** How the corpus is named in a sentence: {@code 40,489 tokens}, or {@code its corpus}. */
  String corpus() {
    return stats
        .map(s -> s.metadata().getOrDefault("n_tokens", ""))
        .filter(n -> n.matches("\\d{1,15}"))
        .map(n -> Wording.count(Long.parseLong(n), "token", "tokens"))
        .orElse("its corpus");
  }
}
