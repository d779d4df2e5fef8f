package dev.tapscope.cli;

import java.util.Locale;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * The fire ledger of a run, summed up.
 *
 * @param sites number of addresses asked for
 * @param expected fires they should have had
 * @param fired fires they had
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
      expected += site.path("expected").asLong(0);
      fired += site.path("fired").asLong(0);
    }
    return Optional.of(new Ledger(sites.size(), expected, fired));
  }

  String sentence() {
    return String.format(
        Locale.ROOT,
        "Ledger: %,d rows seen of %,d expected at %d %s.",
        fired,
        expected,
        sites,
        sites == 1 ? "tap" : "taps");
  }
}
