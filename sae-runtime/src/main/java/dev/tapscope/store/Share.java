package dev.tapscope.store;

import dev.tapscope.tap.TapscopeException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One of several equal shares of a corpus's pieces, for machines that harvest side by side.
 *
 * @param number which one, from 1
 * @param of how many there are
 */
public record Share(int number, int of) {
  /** All of it. */
  public static final Share WHOLE = new Share(1, 1);

  private static final Pattern FORM = Pattern.compile("([1-9]\\d{0,5})/([1-9]\\d{0,5})");

  public Share {
    if (of < 1 || number < 1 || number > of) {
      throw new IllegalArgumentException("There is no share %d of %d.".formatted(number, of));
    }
  }

  /**
   * Reads {@code 2/4}.
   *
   * @throws TapscopeException {@code share}
   */
  public static Share parse(String text) {
    Matcher form = FORM.matcher(text);
    if (form.matches() && Integer.parseInt(form.group(1)) <= Integer.parseInt(form.group(2))) {
      return new Share(Integer.parseInt(form.group(1)), Integer.parseInt(form.group(2)));
    }
    throw TapscopeException.usage(
        "share", "'%s' is no share; write 1/4 for the first of four, up to 4/4.".formatted(text));
  }

  /** Whether a piece belongs to it: shares take pieces in turn. */
  boolean has(int piece) {
    return piece % of == number - 1;
  }

  @Override
  public String toString() {
    return number + "/" + of;
  }
}
