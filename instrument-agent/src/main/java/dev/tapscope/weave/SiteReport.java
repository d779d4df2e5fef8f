package dev.tapscope.weave;

import dev.tapscope.profile.Site;

/** What became of one site in one class. */
public sealed interface SiteReport permits Fit, Misfit {
  Site site();

  /** One line for a person. */
  String sentence();
}
