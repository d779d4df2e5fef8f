package dev.tapscope.cli;

import java.util.Locale;
import tools.jackson.databind.JsonNode;

/** A census as text: the table of places, then the sites as lines of a profile. */
final class CensusText {
  private CensusText() {}

  static String of(JsonNode census) {
    Table table =
        new Table().row("", "type", "shape", "fires", "a pass", "norm", "site", "value", "where");
    for (JsonNode place : census.get("places")) {
      table.row(
          place.get("id").asString(),
          place.get("type").stringValue(),
          place.get("shape").stringValue(),
          place.get("fires").asString(),
          place.get("per_pass").stringValue(),
          place.has("norm")
              ? String.format(Locale.ROOT, "%.4g", place.get("norm").doubleValue())
              : "",
          site(place),
          place.get("value").stringValue(),
          where(place));
    }
    return table.text()
        + "\n%d places fired in %d classes, %d did not; %d passes, %d layers\n\n"
            .formatted(
                census.get("places").size(),
                census.get("classes").intValue(),
                census.get("places_silent").intValue(),
                census.get("passes").intValue(),
                census.get("layers").intValue())
        + census.get("profile").stringValue();
  }

  private static String site(JsonNode place) {
    if (place.has("site")) {
      return place.get("site").stringValue();
    }
    return place.has("same_as") ? "as " + place.get("same_as").asString() : "";
  }

  /** {@code Block.forward, after store local x 1 of 1, line 40}. */
  private static String where(JsonNode place) {
    String in = place.get("in").stringValue();
    String method = in.substring(0, in.indexOf('('));
    int name = method.lastIndexOf('.');
    String owner = method.substring(0, name);
    String brief = owner.substring(owner.lastIndexOf('.') + 1) + method.substring(name);
    int line = place.get("line").intValue();
    return brief + ", " + place.get("at").stringValue() + (line > 0 ? ", line " + line : "");
  }
}
