package dev.tapscope.profile;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/** The profiles that ship with the agent. */
public final class BuiltInProfiles {
  private static final List<String> NAMES = List.of("gemma2", "jlama-gemma2");

  private BuiltInProfiles() {}

  /** Names of all of them. */
  public static List<String> names() {
    return NAMES;
  }

  /** The profile of that name, read anew at each call. */
  public static Optional<Profile> find(String name) {
    return text(name).map(text -> ProfileParser.parse(text, name + ".taps"));
  }

  /** The profile of that name as written. */
  static Optional<String> text(String name) {
    return NAMES.contains(name) ? Optional.of(read(name + ".taps")) : Optional.empty();
  }

  private static String read(String file) {
    try (InputStream in = BuiltInProfiles.class.getResourceAsStream(file)) {
      if (in == null) {
        throw new IllegalStateException("The agent jar lacks its own profile " + file + ".");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("The agent jar's own profile " + file + " cannot be read.", e);
    }
  }
}
