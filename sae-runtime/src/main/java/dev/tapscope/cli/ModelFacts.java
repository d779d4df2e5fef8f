package dev.tapscope.cli;

import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.SortedSet;
import java.util.TreeSet;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a model says of itself, as far as it decides how a corpus is read.
 *
 * @param source {@code config.json}, or the model that the Gemma 2 sample was asked of
 * @param context most positions of a sequence, where that is said
 * @param ends tokens that end a text; what else ends a generation, such as the end of a turn, is a
 *     token like others here
 * @param padding tokens that fill up texts of unequal length
 */
record ModelFacts(
    Path source, OptionalInt context, SortedSet<Integer> ends, SortedSet<Integer> padding) {
  ModelFacts {
    ends = Collections.unmodifiableSortedSet(new TreeSet<>(ends));
    padding = Collections.unmodifiableSortedSet(new TreeSet<>(padding));
  }

  /**
   * As {@code config.json} says.
   *
   * @throws TapscopeException {@code config-unreadable}
   */
  static ModelFacts ofConfig(Path file) {
    try {
      JsonNode config = new JsonMapper().readTree(Files.readString(file));
      return new ModelFacts(
          file,
          integer(config.path("max_position_embeddings")),
          tokens(config.path("eos_token_id")),
          tokens(config.path("pad_token_id")));
    } catch (IOException | JacksonException e) {
      throw TapscopeException.failed(
          "config-unreadable",
          file + " cannot be read: " + e.getMessage() + ". Check the model folder.",
          e);
    }
  }

  /** As {@code gemma2 info --json} says of a model. */
  static ModelFacts ofInfo(Path model, JsonNode info) {
    return new ModelFacts(
        model,
        integer(info.path("context")),
        tokens(info.path("text_end")),
        tokens(info.path("padding")));
  }

  private static OptionalInt integer(JsonNode number) {
    return number.isInt() ? OptionalInt.of(number.intValue()) : OptionalInt.empty();
  }

  /** One token or several; none where nothing names any. */
  private static SortedSet<Integer> tokens(JsonNode named) {
    SortedSet<Integer> tokens = new TreeSet<>();
    integer(named).ifPresent(tokens::add);
    named.forEach(id -> tokens.add(id.asInt(-1)));
    return tokens;
  }

  /**
   * Flags of {@code score} for windows that do not overlap, so that a long document's tokens are
   * each computed once. Every window of the whole context begins with BOS; what follows BOS in the
   * next window is what came after the last token of this one. Only ids given without BOS have one
   * token in two windows, the last of one and the first of the next.
   *
   * @throws TapscopeException {@code config-unreadable} when the context is not said
   */
  List<String> windowsOnce() {
    int window = context.orElse(0);
    if (window < 2) {
      throw TapscopeException.failed(
          "config-unreadable",
          "%s states %s for max_position_embeddings; a context of at least 2 positions was wanted. Check the model."
              .formatted(source, context.isPresent() ? window : "no whole number"));
    }
    return List.of("--window", Integer.toString(window), "--stride", Integer.toString(window - 1));
  }
}
