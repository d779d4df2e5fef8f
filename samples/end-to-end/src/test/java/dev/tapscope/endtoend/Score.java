package dev.tapscope.endtoend;

import java.util.List;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What {@code score --json} says about one text. */
final class Score {
  private final JsonNode json;

  private Score(JsonNode json) {
    this.json = json;
  }

  /** The only text's. */
  static Score parse(String out) {
    List<Score> all = parseAll(out);
    if (all.size() != 1) {
      throw new AssertionError("One text, but " + all.size() + " results: " + out);
    }
    return all.getFirst();
  }

  /** Every text's, in order. */
  static List<Score> parseAll(String out) {
    JsonNode results = new JsonMapper().readTree(out).required("results");
    return results.valueStream().map(Score::new).toList();
  }

  /** Minus the natural logarithm of each token's probability, from the second token on. */
  double[] losses() {
    JsonNode array = json.required("losses");
    return IntStream.range(0, array.size()).mapToDouble(i -> array.get(i).doubleValue()).toArray();
  }

  double meanLoss() {
    return json.required("mean_loss").doubleValue();
  }
}
