package dev.tapscope.cli;

import java.util.Locale;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * The fire ledger of a run, summed up.
 *
 * @param sites number of addresses asked for
 * @param expected positions they had to show
 * @param fired positions they showed
 */
record Ledger(int sites, long expected, long fired) {
  /** Sums up {@code sites} of {@code run.json}; empty when the run did not get to writing it. */
  static Optional<Ledger> of(JsonNode document) {
    JsonNode sites = document.path("sites");
    if (sites.isEmpty()) {
      return Optional.empty();
    }
    long expected = 0;
    long fired = 0;
    for (JsonNode site : sites) {
      long shown = site.path("fired").asLong(0);
      fired += shown;
      // A site the model computes for some positions only (logits) states no number it must reach.
      expected += site.path("expected").asLong(shown);
    }
    return Optional.of(new Ledger(sites.size(), expected, fired));
  }

  String sentence() {
    return String.format(
        Locale.ROOT,
        "Ledger: %,d positions seen of %,d expected at %d %s.",
        fired,
        expected,
        sites,
        sites == 1 ? "tap" : "taps");
  }
}
