package dev.tapscope.cli;

import dev.tapscope.tap.TapscopeException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Agent options written for this command's folder, made fit for a JVM that runs in another: paths
 * become absolute.
 */
final class LiveOptions {
  private static final List<String> PATHS = List.of("out", "runtime", "dump", "stream.to");

  private LiveOptions() {}

  /**
   * Reads {@code key=value} words.
   *
   * @throws TapscopeException {@code option-syntax}
   */
  static AgentOptions read(List<String> words) {
    AgentOptions options = new AgentOptions();
    for (String word : words) {
      int equals = word.indexOf('=');
      if (equals < 1) {
        throw TapscopeException.usage(
            "option-syntax",
            "Wanted agent options as key=value; found '"
                + word
                + "'. Write, for example, profile=gemma2 capture=res.3 out=run1.");
      }
      String key = word.substring(0, equals);
      if (options.values().containsKey(key)) {
        throw TapscopeException.usage(
            "option-duplicate", "Agent option '" + key + "' is given twice; leave one out.");
      }
      options.set(key, absolute(key, word.substring(equals + 1)));
    }
    return options;
  }

  private static String absolute(String key, String value) {
    if (PATHS.contains(key) || key.equals("profile") && Files.isRegularFile(Path.of(value))) {
      return absolute(value);
    }
    if (key.startsWith("sae.")) {
      int blank = value.indexOf(' ');
      return blank < 0
          ? value
          : value.substring(0, blank + 1) + absolute(value.substring(blank + 1).strip());
    }
    return key.startsWith("edit.") ? edit(value) : value;
  }

  /** {@code mean mlp.4 FILE}, {@code add res.3 FILE}, {@code patch res.4 from RUN#0@last}. */
  private static String edit(String value) {
    String[] words = value.split(" ");
    for (int i = 2; i < words.length; i++) {
      boolean file = i == 2 && List.of("mean", "add").contains(words[0]);
      if (file || words[0].equals("patch") && words[i - 1].equals("from")) {
        int sequence = words[i].indexOf('#');
        words[i] =
            sequence < 0
                ? absolute(words[i])
                : absolute(words[i].substring(0, sequence)) + words[i].substring(sequence);
      }
    }
    return Arrays.stream(words).collect(Collectors.joining(" "));
  }

  private static String absolute(String path) {
    return path.isBlank() ? path : Path.of(path).toAbsolutePath().normalize().toString();
  }
}
