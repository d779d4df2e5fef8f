package dev.tapscope.profile;

import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A profile as somebody names it, and where it came from.
 *
 * @param file empty for one that ships with the agent
 * @param text as written
 */
public record ProfileSource(Profile profile, Optional<Path> file, String text) {
  /**
   * Finds a profile by its built-in name or its file.
   *
   * @throws TapscopeException {@code profile-unknown}, {@code profile-unreadable}, or what the
   *     parser says, with {@code file:line:column}
   */
  public static ProfileSource find(String name) {
    Optional<String> builtIn = BuiltInProfiles.text(name);
    if (builtIn.isPresent()) {
      return parse(builtIn.get(), Optional.empty(), name);
    }
    Path file = path(name).filter(Files::isRegularFile).orElseThrow(() -> unknown(name));
    try {
      return parse(Files.readString(file, StandardCharsets.UTF_8), Optional.of(file), name);
    } catch (IOException e) {
      throw TapscopeException.failed(
          "profile-unreadable",
          "The profile "
              + name
              + " cannot be read as a text in UTF-8 ("
              + e
              + "). Check the file given as 'profile'.",
          e);
    }
  }

  private static ProfileSource parse(String text, Optional<Path> file, String name) {
    return new ProfileSource(ProfileParser.parse(text, name), file, text);
  }

  private static Optional<Path> path(String name) {
    try {
      return Optional.of(Path.of(name));
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }

  private static TapscopeException unknown(String name) {
    return TapscopeException.usage(
        "profile-unknown",
        "There is no profile '"
            + name
            + "': the built-in ones are "
            + String.join(", ", BuiltInProfiles.names())
            + ", and no file has that path ("
            + path(name).map(p -> p.toAbsolutePath().toString()).orElse(name)
            + ").");
  }

  /** {@code built-in}, or the absolute path of its file. */
  public String origin() {
    return file.map(f -> f.toAbsolutePath().toString()).orElse("built-in");
  }
}
