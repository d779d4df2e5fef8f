package dev.tapscope.agent;

import dev.tapscope.profile.BuiltInProfiles;
import dev.tapscope.profile.Profile;
import dev.tapscope.profile.ProfileParser;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A profile and where it came from.
 *
 * @param origin {@code built-in}, or the absolute path of its file
 * @param text as written
 */
record ProfileSource(Profile profile, String origin, String text) {
  /**
   * Finds a profile by its built-in name or its file.
   *
   * @throws TapscopeException {@code profile-unknown}, {@code profile-unreadable} or what its
   *     parser says
   */
  static ProfileSource find(String name) {
    try {
      if (BuiltInProfiles.names().contains(name)) {
        try (InputStream in = BuiltInProfiles.class.getResourceAsStream(name + ".taps")) {
          return parse(new String(in.readAllBytes(), StandardCharsets.UTF_8), "built-in", name);
        }
      }
      Path file = Path.of(name);
      if (!Files.isRegularFile(file)) {
        throw TapscopeException.usage(
            "profile-unknown",
            "There is no profile '"
                + name
                + "': the built-in ones are "
                + String.join(", ", BuiltInProfiles.names())
                + ", and no file has that path ("
                + file.toAbsolutePath()
                + ").");
      }
      return parse(
          Files.readString(file, StandardCharsets.UTF_8), file.toAbsolutePath().toString(), name);
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

  private static ProfileSource parse(String text, String origin, String fileName) {
    return new ProfileSource(ProfileParser.parse(text, fileName), origin, text);
  }
}
