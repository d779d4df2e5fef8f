package dev.tapscope.agent;

import dev.tapscope.profile.Spelling;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The text after {@code -javaagent:...jar=}: {@code key=value,key=value}, or the path of a
 * properties file with the same keys, with or without a {@code @} before it.
 *
 * <p>A comma ends a value only where a known key and {@code =} follow, so values may hold commas.
 * What looks like a misspelt key there is an error rather than part of the value; a value that must
 * hold such a text can be given in a properties file, which is never split.
 */
final class OptionText {
  static final List<String> KEYS =
      List.of(
          "profile",
          "capture",
          "capture.dtype",
          "capture.stage",
          "census",
          "census.tensors",
          "device",
          "dump",
          "for",
          "jfr",
          "out",
          "out.overwrite",
          "passes",
          "runtime",
          "shard.bytes",
          "stream",
          "stream.losses",
          "stream.to",
          "strict");

  /** Keys with a part of the user's own. */
  private static final Pattern NAMED = Pattern.compile("sae\\.[A-Za-z0-9_-]+|edit\\.[0-9]{1,9}");

  private static final Pattern BOUNDARY = Pattern.compile(",\\s*([A-Za-z][A-Za-z0-9._-]*)\\s*=");

  private OptionText() {}

  /** The options in the order given, none empty. */
  static Map<String, String> parse(String text) {
    Optional<Path> file = file(text.strip());
    return file.isPresent() ? properties(file.get()) : pairs(text);
  }

  private static Optional<Path> file(String text) {
    if (text.startsWith("@")) {
      return Optional.of(Path.of(text.substring(1)));
    }
    int equals = text.indexOf('=');
    boolean pairs = equals >= 0 && known(text.substring(0, equals).strip());
    try {
      Path path = Path.of(text);
      return !pairs && Files.isRegularFile(path) ? Optional.of(path) : Optional.empty();
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }

  private static Map<String, String> pairs(String text) {
    List<String> parts = new ArrayList<>();
    int start = 0;
    Matcher boundary = BOUNDARY.matcher(text);
    while (boundary.find()) {
      if (known(boundary.group(1))) {
        parts.add(text.substring(start, boundary.start()));
        start = boundary.start(1);
      } else {
        nearest(boundary.group(1)).ifPresent(near -> throwUnknown(boundary.group(1)));
      }
    }
    parts.add(text.substring(start));
    Map<String, String> options = new LinkedHashMap<>();
    for (String part : parts) {
      int equals = part.indexOf('=');
      if (equals < 0) {
        throw TapscopeException.usage(
            "option-syntax",
            "'"
                + part.strip()
                + "' is no agent option and no properties file that exists. Write"
                + " key=value,key=value, such as profile=gemma2,capture=res.*,out=run, or the path"
                + " of a properties file.");
      }
      put(options, part.substring(0, equals).strip(), part.substring(equals + 1).strip());
    }
    return options;
  }

  private static Map<String, String> properties(Path file) {
    Map<String, String> options = new LinkedHashMap<>();
    Properties inOrder =
        new Properties() {
          @Override
          public synchronized Object put(Object key, Object value) {
            OptionText.put(options, (String) key, ((String) value).strip());
            return Optional.empty();
          }
        };
    try (Reader in = new StringReader(Files.readString(file, StandardCharsets.UTF_8))) {
      inOrder.load(in);
    } catch (IOException | IllegalArgumentException e) {
      throw TapscopeException.usage(
          "option-file",
          "The agent options "
              + file.toAbsolutePath()
              + " cannot be read as a properties file in UTF-8 ("
              + e
              + "). Give the path of one, or key=value,key=value.");
    }
    return options;
  }

  private static void put(Map<String, String> options, String key, String value) {
    if (!known(key)) {
      throwUnknown(key);
    }
    if (value.isEmpty()) {
      throw TapscopeException.usage(
          "option-empty", "Agent option '" + key + "' has no value; give one or leave it out.");
    }
    if (options.putIfAbsent(key, value) != null) {
      throw TapscopeException.usage(
          "option-duplicate",
          "Agent option '"
              + key
              + "' is given twice, as '"
              + options.get(key)
              + "' and '"
              + value
              + "'; leave one out.");
    }
  }

  private static boolean known(String key) {
    return KEYS.contains(key) || NAMED.matcher(key).matches();
  }

  private static Optional<String> nearest(String key) {
    List<String> candidates = new ArrayList<>(KEYS);
    candidates.add("sae.NAME");
    candidates.add("edit.N");
    return Spelling.nearest(key, candidates);
  }

  private static void throwUnknown(String key) {
    throw TapscopeException.usage(
        "option-unknown",
        "There is no agent option '"
            + key
            + "'"
            + nearest(key).map(near -> "; the nearest is '" + near + "'").orElse("")
            + ". Options are "
            + String.join(", ", KEYS)
            + ", sae.NAME and edit.N.");
  }
}
