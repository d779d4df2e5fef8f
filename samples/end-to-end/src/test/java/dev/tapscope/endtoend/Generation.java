package dev.tapscope.endtoend;

import java.util.List;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What {@code generate --json} prints for one prompt. */
final class Generation {
  private final JsonNode json;

  private Generation(JsonNode json) {
    this.json = json;
  }

  static Generation parse(String out) {
    return new Generation(new JsonMapper().readTree(out));
  }

  /** One per line. */
  static List<Generation> parseLines(String out) {
    return out.lines().map(Generation::parse).toList();
  }

  int[] promptIds() {
    return ints("prompt_ids");
  }

  int[] generatedIds() {
    return ints("generated_ids");
  }

  String text() {
    return json.required("text").stringValue();
  }

  private int[] ints(String name) {
    JsonNode array = json.required(name);
    return IntStream.range(0, array.size()).map(i -> array.get(i).intValue()).toArray();
  }
}
