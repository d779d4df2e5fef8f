package dev.tapscope.run;

import dev.tapscope.profile.JoinPoint;
import dev.tapscope.profile.Profile;
import dev.tapscope.profile.Selection.SiteRange;
import dev.tapscope.profile.Site;
import dev.tapscope.tap.TapscopeException;
import java.util.stream.Collectors;

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
    if (kind == Hooks.Kind.SKIP && profile.places().stream().noneMatch(s -> around(s, range))) {
      String others =
          profile.sites().stream()
              .filter(s -> s.at() instanceof JoinPoint.AroundCall)
              .map(Site::name)
              .collect(Collectors.joining(", "));
      throw TapscopeException.check(
          "site-not-around",
          "Only a call can be left out, and site "
              + range.site()
              + " is not around one. "
              + (others.isEmpty()
                  ? "Declare a site with 'around call ...' in profile '" + profile.name() + "'."
                  : "Profile '" + profile.name() + "' has around calls: " + others + "."));
    }
  }

  private static boolean around(Site site, SiteRange range) {
    return site.name().equals(range.site()) && site.at() instanceof JoinPoint.AroundCall;
  }
}
