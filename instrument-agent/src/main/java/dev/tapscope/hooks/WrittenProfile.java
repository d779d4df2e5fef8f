package dev.tapscope.hooks;

import dev.tapscope.profile.BuiltInProfiles;
import dev.tapscope.profile.Profile;
import dev.tapscope.profile.ProfileParser;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/** A profile as somebody names it: one that ships with the agent, or a file of their own. */
public final class WrittenProfile {
  private final Profile profile;
  private final Optional<Path> file;
  private final String text;

  private WrittenProfile(Profile profile, Optional<Path> file, String text) {
    this.profile = profile;
    this.file = file;
    this.text = text;
  }

  /**
   * Reads a profile.
   *
   * @param name a built-in name or the path of a {@code .taps} file
   * @throws TapscopeException {@code profile-unknown}, {@code profile-unreadable}, or what the
   *     parser says, with {@code file:line:column}
   */
  public static WrittenProfile read(String name) {
    Optional<Profile> builtIn = BuiltInProfiles.find(name);
    if (builtIn.isPresent()) {
      return new WrittenProfile(builtIn.get(), Optional.empty(), "");
    }
    Path file = path(name).filter(Files::isRegularFile).orElseThrow(() -> unknown(name));
    try {
      String text = Files.readString(file, StandardCharsets.UTF_8);
      return new WrittenProfile(ProfileParser.parse(text, name), Optional.of(file), text);
    } catch (IOException e) {
      throw TapscopeException.failed(
          "profile-unreadable",
          "The profile " + name + " cannot be read as a text in UTF-8 (" + e + "). Check the file.",
          e);
    }
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

  Profile profile() {
    return profile;
  }

  /** The profile's own name, {@code gemma2}. */
  public String name() {
    return profile.name();
  }

  /** Its file; empty for one that ships with the agent. */
  public Optional<Path> file() {
    return file;
  }

  String text() {
    return text;
  }
}
