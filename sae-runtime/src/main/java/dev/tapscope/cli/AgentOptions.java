package dev.tapscope.cli;

import dev.tapscope.edit.Edit;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Options of the agent, in order, and the properties file that carries them. */
final class AgentOptions {
  private final Map<String, String> values = new LinkedHashMap<>();

  AgentOptions set(String key, String value) {
    values.put(key, value);
    return this;
  }

  AgentOptions saes(List<SaeSpec> saes) {
    saes.forEach(sae -> set("sae." + sae.name(), sae.value()));
    return this;
  }

  AgentOptions edits(List<Edit> edits) {
    for (int i = 0; i < edits.size(); i++) {
      set("edit." + (i + 1), edits.get(i).toString());
    }
    return this;
  }

  Map<String, String> values() {
    return values;
  }

  /** Writes them as a properties file, in plain ASCII so that no reader's charset matters. */
  void writeTo(Path file) throws IOException {
    StringBuilder text = new StringBuilder();
    values.forEach(
        (key, value) -> text.append(escape(key)).append('=').append(escape(value)).append('\n'));
    Files.writeString(file, text, StandardCharsets.US_ASCII);
  }

  private static String escape(String text) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\\'
          || c == '='
          || c == ':'
          || c == '#'
          || c == '!'
          || (c == ' ' && out.isEmpty())) {
        out.append('\\').append(c);
      } else if (c < 0x20 || c > 0x7e) {
        out.append("\\u%04x".formatted((int) c));
      } else {
        out.append(c);
      }
    }
    return out.toString();
  }
}
