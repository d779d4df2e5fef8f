package dev.tapscope.view;

/** Escape sequences for one terminal; without colours it leaves every text as it is. */
final class Paint {
  private static final String RESET = "\u001b[0m";
  private static final int DARK_BACKGROUND = 0x0b1220;
  private static final int DARK_TEXT = 0xe2e8f0;
  private static final int DARK_HUE = 0x1d4ed8;
  private static final int LIGHT_BACKGROUND = 0xffffff;
  private static final int LIGHT_TEXT = 0x0f172a;
  private static final int LIGHT_HUE = 0x4285f4;

  /** Levels of one channel in the 6 x 6 x 6 cube of the 256-colour palette. */
  private static final int[] CUBE = {0, 95, 135, 175, 215, 255};

  private final Terminal terminal;

  Paint(Terminal terminal) {
    this.terminal = terminal;
  }

  boolean coloured() {
    return terminal.colours() != Terminal.Colours.NONE;
  }

  /** Text on the activation hue, as strong as the share. */
  String bubble(String text, double share) {
    if (!coloured() || share <= 0 || text.isEmpty()) {
      return text;
    }
    int background =
        terminal.dark()
            ? Shade.blend(DARK_BACKGROUND, DARK_HUE, Shade.opacity(share))
            : Shade.blend(LIGHT_BACKGROUND, LIGHT_HUE, Shade.opacity(share));
    int foreground = terminal.dark() ? DARK_TEXT : LIGHT_TEXT;
    return code("48", background) + code("38", foreground) + text + RESET;
  }

  String strong(String text) {
    return coloured() ? "\u001b[1m" + text + RESET : text;
  }

  String muted(String text) {
    return coloured() ? "\u001b[2m" + text + RESET : text;
  }

  private String code(String layer, int rgb) {
    int r = rgb >> 16 & 0xff;
    int g = rgb >> 8 & 0xff;
    int b = rgb & 0xff;
    return terminal.colours() == Terminal.Colours.TRUE
        ? "\u001b[" + layer + ";2;" + r + ";" + g + ";" + b + "m"
        : "\u001b[" + layer + ";5;" + (16 + 36 * level(r) + 6 * level(g) + level(b)) + "m";
  }

  private static int level(int channel) {
    int best = 0;
    for (int i = 1; i < CUBE.length; i++) {
      if (Math.abs(CUBE[i] - channel) < Math.abs(CUBE[best] - channel)) {
        best = i;
      }
    }
    return best;
  }
}
