package dev.tapscope.endtoend;

import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What {@code score --json} prints for one text. */
final class Score {
  private final JsonNode json;

  private Score(JsonNode json) {
    this.json = json;
  }

  static Score parse(String out) {
    return new Score(new JsonMapper().readTree(out));
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
