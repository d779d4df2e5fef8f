package dev.tapscope.hooks;

/**
 * A class before and after weaving.
 *
 * @param name as in source
 * @param original its class file
 * @param woven its class file with taps
 */
public record WovenClass(String name, byte[] original, byte[] woven) {
  /**
   * What weaving changed, as bytecode a person can read; methods that are the same are left out.
   */
  public String diff() {
    return ClassDiff.of(this);
  }
}
