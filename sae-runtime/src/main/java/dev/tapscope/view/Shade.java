package dev.tapscope.view;

/** How strongly an activation is drawn: one hue, one law, in every renderer. */
final class Shade {
  private static final String BARS = "▁▂▃▄▅▆▇█";

  private Shade() {}

  /**
   * Opacity of the hue for a share of the maximum: {@code 0.05 + 0.95 * log10(1 + 9 r)}, so that
   * weak firing stays visible and strong firing still stands out; 0 where nothing fires.
   */
  static double opacity(double share) {
    return share > 0 ? 0.05 + 0.95 * Math.log10(1 + 9 * Math.min(1, share)) : 0;
  }

  /** A block one to eight eighths high in proportion, or a space where nothing fires. */
  static char bar(double share) {
    return share > 0 ? BARS.charAt((int) Math.clamp(Math.ceil(8 * share) - 1, 0, 7)) : ' ';
  }

  /** Blends a hue over a background channel by channel, both 0xRRGGBB. */
  static int blend(int background, int hue, double opacity) {
    int mixed = 0;
    for (int shift = 16; shift >= 0; shift -= 8) {
      int from = background >> shift & 0xff;
      int to = hue >> shift & 0xff;
      mixed |= (int) Math.round(from + (to - from) * opacity) << shift;
    }
    return mixed;
  }
}
