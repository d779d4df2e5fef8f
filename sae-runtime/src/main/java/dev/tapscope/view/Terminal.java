package dev.tapscope.view;

import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;

/**
 * What the terminal can show.
 *
 * @param colours how many colours may be used
 * @param columns width to wrap at
 * @param dark whether light text stands on a dark background
 */
public record Terminal(Colours colours, int columns, boolean dark) {
  /** Kinds of colour output. */
  public enum Colours {
    /** Plain text; bars carry what colour would. */
    NONE,
    /** The 256-colour palette. */
    PALETTE,
    /** 24-bit colour. */
    TRUE
  }

  /** What the user asked for with {@code --color}. */
  public enum Choice {
    AUTO,
    ALWAYS,
    NEVER
  }

  private static final int DEFAULT_COLUMNS = 100;
  private static final int LEAST_COLUMNS = 40;

  /**
   * Decides from the usual environment variables. {@code --color} wins over {@code NO_COLOR}, that
   * over {@code CLICOLOR_FORCE}, that over {@code CLICOLOR}; {@code COLORFGBG} tells a light
   * background.
   *
   * @param interactive whether standard output is a terminal
   * @param columns its width where known
   */
  public static Terminal detect(
      Map<String, String> environment, Choice choice, boolean interactive, OptionalInt columns) {
    int width = columns.orElse(number(environment.getOrDefault("COLUMNS", "")));
    return new Terminal(
        colours(environment, choice, interactive),
        width <= 0 ? DEFAULT_COLUMNS : Math.max(LEAST_COLUMNS, width),
        !lightBackground(environment.getOrDefault("COLORFGBG", "")));
  }

  private static Colours colours(
      Map<String, String> environment, Choice choice, boolean interactive) {
    boolean forced = !environment.getOrDefault("CLICOLOR_FORCE", "0").matches("0?");
    boolean refused =
        environment.getOrDefault("CLICOLOR", "").equals("0")
            || environment.getOrDefault("TERM", "").equals("dumb")
            || !interactive;
    boolean wanted =
        switch (choice) {
          case ALWAYS -> true;
          case NEVER -> false;
          case AUTO -> environment.getOrDefault("NO_COLOR", "").isEmpty() && (forced || !refused);
        };
    if (!wanted) {
      return Colours.NONE;
    }
    String colorterm = environment.getOrDefault("COLORTERM", "").toLowerCase(Locale.ROOT);
    if (colorterm.equals("truecolor") || colorterm.equals("24bit")) {
      return Colours.TRUE;
    }
    boolean insisted = choice == Choice.ALWAYS || forced;
    return insisted || environment.getOrDefault("TERM", "").contains("256color")
        ? Colours.PALETTE
        : Colours.NONE;
  }

  private static boolean lightBackground(String colorfgbg) {
    int background = number(colorfgbg.substring(colorfgbg.lastIndexOf(';') + 1));
    return background == 7 || background == 15;
  }

  private static int number(String text) {
    return text.matches("\\d{1,5}") ? Integer.parseInt(text) : -1;
  }
}
