package dev.tapscope.cli;

import dev.tapscope.tap.TapscopeException;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What {@code score --json} of the sample says.
 *
 * @param tokens number of tokens that were predicted: all but the first of each document
 * @param mean their mean loss, in nats
 */
record ScoredTokens(long tokens, double mean) {
  /**
   * Reads its output.
   *
   * @throws TapscopeException {@code score-unreadable}
   */
  static ScoredTokens of(String output) {
    JsonNode document;
    try {
      document = new JsonMapper().readTree(output);
    } catch (JacksonException e) {
      throw unreadable(e.getOriginalMessage(), e);
    }
    long tokens = 0;
    double sum = 0;
    for (JsonNode result : document.path("results")) {
      for (JsonNode loss : result.path("losses")) {
        if (!loss.isNumber()) {
          throw unreadable(
              "document %s has the loss %s".formatted(result.path("id").asString(""), loss), null);
        }
        sum += loss.doubleValue();
        tokens++;
      }
    }
    if (tokens == 0) {
      throw unreadable("it has no losses", null);
    }
    return new ScoredTokens(tokens, sum / tokens);
  }

  private static TapscopeException unreadable(String found, Throwable cause) {
    return TapscopeException.failed(
        "score-unreadable",
        "The losses that the model's score command printed cannot be read: %s. Run gemma2 score --json by hand to see what it prints."
            .formatted(found),
        cause);
  }
}
