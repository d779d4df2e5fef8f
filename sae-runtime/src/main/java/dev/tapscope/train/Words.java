package dev.tapscope.train;

import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.DoublePredicate;
import java.util.function.Predicate;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What somebody has asked for, word by word, still as text. Values are checked where they are read,
 * and the sentence says who gave them. Immutable.
 */
public final class Words {
  private static final long MAX_FILE = 1 << 20;
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final String giver;
  private final Map<Word, String> values;

  private Words(String giver, Map<Word, String> values) {
    this.giver = giver;
    this.values = Collections.unmodifiableMap(values);
  }

  /** Nothing but what stands by itself. */
  public static Words none() {
    return new Words("The recipe", new EnumMap<>(Word.class));
  }

  /**
   * Words by their spelling.
   *
   * @param giver who says so, at the beginning of a sentence: {@code SAE l9}
   * @throws TapscopeException {@code recipe-word} for one that is none
   */
  public static Words of(String giver, Map<String, String> spelled) {
    Map<Word, String> values = new EnumMap<>(Word.class);
    spelled.forEach((spelling, value) ->
        values.put(
            Word.spelled(spelling)
                .orElseThrow(() ->
                    TapscopeException.usage(
                        "recipe-word",
                        "%s has the word '%s', which is none of a recipe's. These are: %s."
                            .formatted(giver, spelling, Word.list(EnumSet.allOf(Word.class))))),
            value.strip()));
    return new Words(giver, values);
  }

  /**
   * Words in a line, {@code width=1024 lr=1e-3}.
   *
   * @param giver who says so, at the beginning of a sentence: {@code SAE l9}
   * @throws TapscopeException {@code recipe-word}
   */
  public static Words line(String giver, String line) {
    Map<String, String> spelled = new LinkedHashMap<>();
    for (String word : line.isBlank() ? new String[0] : line.strip().split("\\s+")) {
      int equals = word.indexOf('=');
      if (equals < 1
          || spelled.put(word.substring(0, equals), word.substring(equals + 1)) != null) {
        throw TapscopeException.usage(
            "recipe-word",
            "%s has '%s' where a word and its value were wanted, each word once. Write width=1024 lr=1e-3, for example."
                .formatted(giver, word));
      }
    }
    return of(giver, spelled);
  }

  /**
   * A recipe file: one JSON object of words and their values, {@code {"width": 1024, "lr": 1e-3}}.
   *
   * @throws TapscopeException {@code recipe-unreadable}, {@code recipe-word}
   */
  public static Words read(Path file) {
    try {
      if (Files.size(file) > MAX_FILE) {
        throw unreadable(file, "it has more than %,d bytes".formatted(MAX_FILE), null);
      }
      return of("The recipe " + file, scalars(file, JSON.readTree(Files.readString(file))));
    } catch (IOException e) {
      throw unreadable(file, e.toString(), e);
    } catch (JacksonException e) {
      throw unreadable(file, e.getOriginalMessage(), e);
    }
  }

  private static Map<String, String> scalars(Path file, JsonNode root) {
    if (!root.isObject()) {
      throw unreadable(file, "it is no JSON object", null);
    }
    Map<String, String> scalars = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : root.properties()) {
      JsonNode value = entry.getValue();
      if (!value.isValueNode() || value.isNull()) {
        throw unreadable(file, "its '%s' is no single value".formatted(entry.getKey()), null);
      }
      scalars.put(
          entry.getKey(), value.isBoolean() ? yesNo(value.booleanValue()) : value.asString());
    }
    return scalars;
  }

  private static TapscopeException unreadable(Path file, String found, Throwable cause) {
    return TapscopeException.failed(
        "recipe-unreadable",
        "The recipe %s cannot be read: %s. Write one JSON object of words and values, such as {\"width\": 1024, \"lr\": 1e-3}."
            .formatted(file, found),
        cause);
  }

  /** These, and those of another who has the last word. */
  public Words then(Words last) {
    Map<Word, String> both = new EnumMap<>(Word.class);
    both.putAll(values);
    both.putAll(last.values);
    return new Words(last.giver, both);
  }

  /** The same, said by somebody else. */
  public Words by(String another) {
    return new Words(another, values);
  }

  /** What has been given. */
  public Set<Word> given() {
    return values.keySet();
  }

  boolean has(Word word) {
    return values.containsKey(word);
  }

  String text(Word word) {
    String text = values.getOrDefault(word, word.otherwise());
    if (text.isEmpty()) {
      throw TapscopeException.usage(
          "recipe-missing",
          "%s does not say its %s: %s. Give %s=%s, or --%s."
              .formatted(
                  giver,
                  word.spelling(),
                  word.meaning(),
                  word.spelling(),
                  word.label(),
                  word.spelling()));
    }
    return text;
  }

  /** One of a few names. */
  String name(Word word, Predicate<String> known, String names) {
    String text = text(word);
    if (!known.test(text)) {
      throw wrong(word, names);
    }
    return text;
  }

  boolean yes(Word word) {
    return name(word, text -> text.equals("yes") || text.equals("no"), "yes or no").equals("yes");
  }

  double number(Word word, DoublePredicate fits, String range) {
    double value;
    try {
      value = Double.parseDouble(text(word));
    } catch (NumberFormatException e) {
      throw wrong(word, range);
    }
    if (!Double.isFinite(value) || !fits.test(value)) {
      throw wrong(word, range);
    }
    return value;
  }

  double positive(Word word) {
    return number(word, value -> value > 0, "a number above 0");
  }

  /** A whole number; {@code 1e6} and {@code 1_000_000} are some, too. */
  long whole(Word word, long least, long most) {
    String range = "a whole number from %d to %d".formatted(least, most);
    String text = text(word).replace("_", "");
    long value;
    try {
      value = new BigDecimal(text).longValueExact();
    } catch (NumberFormatException | ArithmeticException e) {
      throw wrong(word, range);
    }
    if (value < least || value > most) {
      throw wrong(word, range);
    }
    return value;
  }

  private TapscopeException wrong(Word word, String wanted) {
    return TapscopeException.usage(
        "recipe-value",
        "%s says %s=%s, but %s must be %s."
            .formatted(giver, word.spelling(), text(word), word.spelling(), wanted));
  }

  static String yesNo(boolean yes) {
    return yes ? "yes" : "no";
  }
}
