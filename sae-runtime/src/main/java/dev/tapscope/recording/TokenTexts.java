package dev.tapscope.recording;

import dev.tapscope.tap.TapscopeException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.MissingNode;

/**
 * Token texts of a run: {@code texts} of {@code run.json}, by token id, or else {@code
 * features.jsonl}, by place. A run without SAEs that was killed has neither.
 */
final class TokenTexts {
  private record Place(int sequence, int position) {}

  /** Every token is its id. */
  static final TokenTexts NONE = new TokenTexts(MissingNode.getInstance(), Map.of());

  private final JsonNode byId;
  private final Map<Place, String> byPlace;

  private TokenTexts(JsonNode byId, Map<Place, String> byPlace) {
    this.byId = byId;
    this.byPlace = byPlace;
  }

  /**
   * @param document {@code run.json}
   * @param lines {@code features.jsonl}, read only when the document has no texts
   * @throws TapscopeException {@code run-corrupt}
   */
  static TokenTexts of(JsonNode document, Path lines, JsonMapper mapper) {
    JsonNode byId = document.path("texts");
    boolean read = byId.isEmpty() && Files.isRegularFile(lines);
    return new TokenTexts(byId, read ? read(lines, mapper) : Map.of());
  }

  /** The model's own text of a token, or {@code #id} when none was recorded. */
  String text(int sequence, int position, int id) {
    return byId.path(Integer.toString(id))
        .asString(byPlace.getOrDefault(new Place(sequence, position), "#" + id));
  }

  private static Map<Place, String> read(Path file, JsonMapper mapper) {
    Map<Place, String> texts = new HashMap<>();
    int number = 0;
    try (BufferedReader lines = Files.newBufferedReader(file)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        number++;
        JsonNode node = mapper.readTree(line);
        if (!node.path("seq").isInt() || !node.path("pos").isInt()) {
          throw corrupt(file, number, "it has no seq and pos");
        }
        texts.put(
            new Place(node.get("seq").intValue(), node.get("pos").intValue()),
            node.path("token").asString(""));
      }
    } catch (IOException | JacksonException e) {
      throw corrupt(file, number, e.getMessage());
    }
    return texts;
  }

  private static TapscopeException corrupt(Path file, int line, String why) {
    return TapscopeException.failed(
        "run-corrupt",
        "Line %d of %s cannot be read: %s. The run must be made again.".formatted(line, file, why));
  }
}
