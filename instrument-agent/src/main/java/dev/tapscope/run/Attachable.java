package dev.tapscope.run;

import dev.tapscope.profile.Profile;
import dev.tapscope.profile.Selection.SiteRange;
import dev.tapscope.profile.Site;
import dev.tapscope.tap.TapscopeException;

/** Which hooks a site can have. */
final class Attachable {
  private Attachable() {}

  static void check(SiteRange range, Hooks.Kind kind, Profile profile) {
    if (range.site().equals(Site.TOKENS) || range.site().equals(Site.SAMPLED)) {
      throw TapscopeException.check(
          "site-unknown",
          "Site "
              + range.site()
              + " shows token ids, not rows of activations, so nothing can be attached to it; a run"
              + " folder always has the tokens.");
    }
  }
}
