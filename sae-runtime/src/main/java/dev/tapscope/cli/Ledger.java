package dev.tapscope.cli;

import java.util.Locale;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * The ledger of a run, summed up over its sites.
 *
 * @param sites number of addresses asked for
 * @param expected positions those had to show whose number is known beforehand
 * @param shown positions they did show
 */
record Ledger(int sites, long expected, long shown) {
  /** Sums up {@code sites} of {@code run.json}; empty when there are none. */
  static Optional<Ledger> of(JsonNode document) {
    JsonNode sites = document.path("sites");
    if (sites.isEmpty()) {
      return Optional.empty();
    }
    long expected = 0;
    long shown = 0;
    for (JsonNode site : sites) {
      if (site.path("expected").isNumber()) {
        expected += site.path("expected").longValue();
        shown += site.path("fired").asLong(0);
      }
    }
    return Optional.of(new Ledger(sites.size(), expected, shown));
  }

  String sentence() {
    return String.format(
        Locale.ROOT,
        "Ledger: %,d of %,d expected positions seen at %d %s.",
        shown,
        expected,
        sites,
        sites == 1 ? "tap" : "taps");
  }
}
