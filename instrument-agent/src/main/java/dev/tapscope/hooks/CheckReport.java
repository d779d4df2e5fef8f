package dev.tapscope.hooks;

import java.util.List;

/**
 * What came of a profile on a class path.
 *
 * @param profile its name
 * @param classes how many classes were there to look in
 * @param sites one finding for each tap, in the order of the profile; one more where the profile's
 *     {@code text} line does not fit
 * @param notes sentences a person should know
 * @param woven the classes all of whose sites fit
 */
public record CheckReport(
    String profile,
    int classes,
    List<SiteFinding> sites,
    List<String> notes,
    List<WovenClass> woven) {
  public CheckReport {
    sites = List.copyOf(sites);
    notes = List.copyOf(notes);
    woven = List.copyOf(woven);
  }

  /** The taps that do not fit. */
  public List<SiteFinding> misfits() {
    return sites.stream().filter(site -> !site.fits()).toList();
  }
}
