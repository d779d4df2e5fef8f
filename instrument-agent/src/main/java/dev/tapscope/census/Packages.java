package dev.tapscope.census;

import dev.tapscope.tap.TapscopeException;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Some packages: {@code demo} with its classes, {@code demo..} with the packages below it too,
 * several joined by {@code +}.
 */
public record Packages(List<String> written) {
  private static final Pattern ONE =
      Pattern.compile(
          "[\\p{javaJavaIdentifierStart}][\\p{javaJavaIdentifierPart}]*"
              + "(\\.[\\p{javaJavaIdentifierStart}][\\p{javaJavaIdentifierPart}]*)*(\\.\\.)?");

  public Packages {
    written = List.copyOf(written);
  }

  /**
   * Reads packages.
   *
   * @throws TapscopeException {@code option-value}
   */
  public static Packages parse(String text) {
    List<String> each = Arrays.stream(text.split("\\+", -1)).map(String::strip).toList();
    for (String one : each) {
      if (!ONE.matcher(one).matches()) {
        throw TapscopeException.usage(
            "option-value",
            "Wanted the packages of a census, as demo.model or demo.. with those below, joined by"
                + " '+'; found '"
                + one
                + "'.");
      }
    }
    return new Packages(each);
  }

  /** Whether a class is in one of them. */
  boolean hold(String className) {
    int dot = className.lastIndexOf('.');
    String of = dot < 0 ? "" : className.substring(0, dot);
    return written.stream()
        .anyMatch(one ->
            one.endsWith("..")
                ? (of + ".").startsWith(one.substring(0, one.length() - 1))
                : of.equals(one));
  }
}
