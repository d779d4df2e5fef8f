package dev.tapscope.weave;

import dev.tapscope.profile.ProfileParser;
import dev.tapscope.profile.Site;
import java.util.List;

/** Sites written as in a profile. */
final class Taps {
  private static final String TOKENS =
      "\ntap tokens\n in none.None.run(int[])\n at entry\n value arg 0\n pos 0\n";

  private Taps() {}

  /** The taps of a text. */
  static List<Site> sites(String taps) {
    return ProfileParser.parse("profile test\n" + taps + TOKENS, "test.taps").places();
  }

  /** One site called {@code site}: its lines parted by {@code ;}. */
  static Site site(String lines) {
    return sites("tap site\n" + lines.replace(';', '\n')).get(0);
  }
}
