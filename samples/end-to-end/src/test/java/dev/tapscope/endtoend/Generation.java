package dev.tapscope.endtoend;

import java.util.List;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What {@code generate --json} says about one prompt. */
final class Generation {
  private final JsonNode json;

  private Generation(JsonNode json) {
    this.json = json;
  }

  /** The only prompt's. */
  static Generation parse(String out) {
    List<Generation> all = parseAll(out);
    if (all.size() != 1) {
      throw new AssertionError("One prompt, but " + all.size() + " results: " + out);
    }
    return all.getFirst();
  }

  /** Every prompt's, in order. */
  static List<Generation> parseAll(String out) {
    JsonNode results = new JsonMapper().readTree(out).required("results");
    return results.valueStream().map(Generation::new).toList();
  }

  int[] promptIds() {
    return ints("prompt_ids");
  }

  int[] generatedIds() {
    return ints("generated_ids");
  }

  /** Of each generated token, digit for digit as printed. */
  String logProbabilities() {
    return json.required("logprobs").toString();
  }

  private int[] ints(String name) {
    JsonNode array = json.required(name);
    return IntStream.range(0, array.size()).map(i -> array.get(i).intValue()).toArray();
  }
}
