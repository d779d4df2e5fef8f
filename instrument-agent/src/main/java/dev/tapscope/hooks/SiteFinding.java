package dev.tapscope.hooks;

import java.util.Optional;

/**
 * What came of one tap of a profile, in the words of the profile.
 *
 * @param site {@code res}, {@code res#2} for the second tap of that name
 * @param line of the tap in the profile's file
 * @param method {@code Block.forward}
 * @param place {@code after call Ops.add 2 of 2}
 * @param value {@code local out}
 * @param fit how it fits; empty for a misfit
 * @param id short stable name of a misfit, {@code call-count}; {@code ok} for a fit
 * @param sentence what a person should know: for a misfit what was wanted, what is there and what
 *     to write
 */
public record SiteFinding(
    String site,
    int line,
    String method,
    String place,
    String value,
    Optional<Fitting> fit,
    String id,
    String sentence) {

  /**
   * How a tap fits.
   *
   * @param where {@code line 40}
   * @param type of the value, {@code float[][]}
   * @param assignable whether another value can take its place; otherwise its contents can change
   * @param before bytes of the method's code
   * @param after the same with all taps of the profile
   * @param warning what the growth means for speed, if anything
   */
  public record Fitting(
      String where,
      String type,
      boolean assignable,
      int before,
      int after,
      Optional<String> warning) {}

  /** Whether the tap goes where it should. */
  public boolean fits() {
    return fit.isPresent();
  }
}
