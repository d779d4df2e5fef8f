package dev.tapscope.hooks;

import dev.tapscope.profile.Profile;
import dev.tapscope.profile.ProfileSource;
import dev.tapscope.tap.TapscopeException;
import java.nio.file.Path;
import java.util.Optional;

/** A profile for those who see nothing of the agent but this package. */
public final class WrittenProfile {
  private final ProfileSource source;

  private WrittenProfile(ProfileSource source) {
    this.source = source;
  }

  /**
   * Reads a profile.
   *
   * @param name a built-in name or the path of a {@code .taps} file
   * @throws TapscopeException what {@link ProfileSource#find} throws
   */
  public static WrittenProfile read(String name) {
    return new WrittenProfile(ProfileSource.find(name));
  }

  Profile profile() {
    return source.profile();
  }

  /** The profile's own name, {@code gemma2}. */
  public String name() {
    return profile().name();
  }

  /** Its file; empty for one that ships with the agent. */
  public Optional<Path> file() {
    return source.file();
  }

  String text() {
    return source.text();
  }
}
