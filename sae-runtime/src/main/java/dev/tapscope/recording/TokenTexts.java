package dev.tapscope.recording;

import dev.tapscope.recording.RecordedRun.TokenKey;
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

/** Token texts out of {@code features.jsonl}, the only file of a run that has them. */
final class TokenTexts {
  private TokenTexts() {}

  /** Texts by place; empty when the run was made without SAEs or was killed. */
  static Map<TokenKey, String> read(Path file, JsonMapper mapper) {
    Map<TokenKey, String> texts = new HashMap<>();
    if (!Files.isRegularFile(file)) {
      return texts;
    }
    int number = 0;
    try (BufferedReader lines = Files.newBufferedReader(file)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        number++;
        JsonNode node = mapper.readTree(line);
        if (!node.path("seq").isInt() || !node.path("pos").isInt()) {
          throw corrupt(file, number, "it has no seq and pos");
        }
        texts.put(
            new TokenKey(node.get("seq").intValue(), node.get("pos").intValue()),
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
