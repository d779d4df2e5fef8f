package dev.tapscope.testing;

import dev.tapscope.profile.Profile;
import dev.tapscope.profile.ProfileParser;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** The profile of the fixture model {@code targets.TinyModel}. */
public final class TinyProfile {
  private TinyProfile() {}

  public static String text() {
    try (InputStream in = TinyProfile.class.getResourceAsStream("/dev/tapscope/agent/tiny.taps")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static Profile profile() {
    return ProfileParser.parse(text(), "tiny.taps");
  }

  /** The same without the tap of the sampler. */
  public static Profile withoutSampler() {
    return ProfileParser.parse(
        text().replaceAll("(?s)tap sampled.*?(?=tap resid_pre)", ""), "tiny.taps");
  }
}
