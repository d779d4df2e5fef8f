package dev.tapscope.attach;

import dev.tapscope.tap.TapscopeException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The option {@code sae.NAME=ADDRESS PATH}, or {@code sae.NAME=INPUT>OUTPUT PATH} for a transcoder.
 *
 * @param name the user's name for it
 * @param input where it reads
 * @param output where it writes, when that is another site
 * @param path of the SAE; may hold spaces
 */
record SaeOption(String name, String input, Optional<String> output, Path path) {
  private static final Pattern NAME = Pattern.compile("[^/\\s@,=]+");

  /** More than one address: a list, a wildcard or a range of layers. */
  private static final Pattern SEVERAL = Pattern.compile(".*([+*]|[0-9]-[0-9]).*");

  /** Where the SAE writes. */
  String target() {
    return output.orElse(input);
  }

  /** As the user wrote it: {@code transcoder_in.5>mlp.5}. */
  String address() {
    return output.map(o -> input + ">" + o).orElse(input);
  }

  static SaeOption parse(String name, String value) {
    if (!NAME.matcher(name).matches()) {
      throw usage(
          name, value, "the name \"%s\" may hold no /, @, comma, = or space".formatted(name));
    }
    String trimmed = value.strip();
    int space = trimmed.indexOf(' ');
    if (space < 0) {
      throw usage(name, value, "it has no path after the address");
    }
    String[] ends = trimmed.substring(0, space).split(">", -1);
    if (ends.length > 2) {
      throw usage(name, value, "it has more than one >");
    }
    for (String end : ends) {
      if (end.isEmpty() || SEVERAL.matcher(end).matches()) {
        throw usage(name, value, "\"%s\" is not exactly one address".formatted(end));
      }
    }
    Optional<String> output = ends.length == 2 ? Optional.of(ends[1]) : Optional.empty();
    return new SaeOption(name, ends[0], output, path(name, trimmed.substring(space).strip()));
  }

  private static Path path(String name, String path) {
    try {
      return Path.of(path);
    } catch (InvalidPathException e) {
      throw usage(name, path, "its path cannot be one on this system: " + e.getReason());
    }
  }

  private static TapscopeException usage(String name, String value, String found) {
    return TapscopeException.usage(
        "sae-option",
        "sae.%s=%s cannot be followed: %s. Write sae.NAME=ADDRESS PATH, such as sae.l9=res.3 folder, or INPUT>OUTPUT PATH for a transcoder."
            .formatted(name, value, found));
  }
}
