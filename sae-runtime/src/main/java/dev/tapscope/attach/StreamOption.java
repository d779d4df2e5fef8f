package dev.tapscope.attach;

import dev.tapscope.tap.TapscopeException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The options {@code stream=SITES}, {@code stream.losses=true} and {@code stream.to=SOCKET}.
 *
 * @param sites whose rows are sent
 * @param losses whether next-token losses are sent
 * @param socket where a reader listens
 */
record StreamOption(Optional<String> sites, boolean losses, Path socket) {
  static final List<String> KEYS = List.of("stream", "stream.losses", "stream.to");

  /**
   * @return empty where no socket is named
   * @throws TapscopeException {@code option-value}
   */
  static Optional<StreamOption> of(Map<String, String> options) {
    try {
      return Optional.ofNullable(options.get("stream.to"))
          .map(socket ->
              new StreamOption(
                  Optional.ofNullable(options.get("stream")),
                  options.getOrDefault("stream.losses", "false").equals("true"),
                  Path.of(socket)));
    } catch (InvalidPathException e) {
      throw TapscopeException.usage(
          "option-value",
          "stream.to must be the path of a socket, and '%s' was given (%s)."
              .formatted(options.get("stream.to"), e.getReason()));
    }
  }
}
