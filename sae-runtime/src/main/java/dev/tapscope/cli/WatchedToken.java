package dev.tapscope.cli;

import dev.tapscope.tap.TapscopeException;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A token whose probability is asked for.
 *
 * @param text as given; empty when it was given by its id
 */
record WatchedToken(int id, Optional<String> text) {
  private static final Pattern ID = Pattern.compile("#([0-9]{1,9})");

  /**
   * Reads {@code #ID}, or a text that is one token of the Gemma 2 sample's model.
   *
   * @throws TapscopeException {@code token-unknown} when the text is not exactly one token, or no
   *     tokenizer is at hand
   */
  static WatchedToken of(String token, ModelFlags model, Places places) {
    Matcher id = ID.matcher(token);
    if (id.matches()) {
      return new WatchedToken(Integer.parseInt(id.group(1)), Optional.empty());
    }
    SampleModel sample =
        model
            .sample()
            .orElseThrow(() ->
                TapscopeException.usage(
                    "token-unknown",
                    "The tokenizer of a command after -- cannot be asked which token \"%s\" is. Give its number: --watch \"#ID\"."
                        .formatted(token)));
    List<Integer> ids = sample.tokenize(places, token);
    if (ids.size() != 1) {
      throw TapscopeException.usage(
          "token-unknown",
          "\"%s\" is not one token of this model but %d: %s. Give the first of them, \"#%s\"; most words begin with a space, \" Paris\"."
              .formatted(token, ids.size(), ids, ids.isEmpty() ? "ID" : ids.getFirst()));
    }
    return new WatchedToken(ids.getFirst(), Optional.of(token));
  }
}
