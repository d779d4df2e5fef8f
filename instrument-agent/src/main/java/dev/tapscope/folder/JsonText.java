package dev.tapscope.folder;

import java.util.Iterator;
import java.util.Locale;
import java.util.Map;

/**
 * Writes JSON. Numbers JSON cannot write (NaN, the infinities) become strings, so that every
 * document parses.
 */
public final class JsonText {
  private final StringBuilder out = new StringBuilder();
  private final boolean indented;

  private JsonText(boolean indented) {
    this.indented = indented;
  }

  /**
   * One line of JSON.
   *
   * @param value a String, Number, Boolean, Map with String keys, or Iterable of such
   * @throws IllegalArgumentException for anything else, null too
   */
  public static String of(Object value) {
    JsonText json = new JsonText(false);
    json.value(value, 0);
    return json.out.toString();
  }

  /** JSON for people: one entry of a map a line. */
  static String indented(Object value) {
    JsonText json = new JsonText(true);
    json.value(value, 0);
    return json.out.append('\n').toString();
  }

  private void value(Object value, int depth) {
    if (value instanceof Map<?, ?> map) {
      map(map, depth);
    } else if (value instanceof Iterable<?> items) {
      list(items, depth);
    } else if (value instanceof Boolean) {
      out.append(value);
    } else if (value instanceof Number number) {
      number(number);
    } else if (value instanceof CharSequence text) {
      string(text);
    } else {
      throw new IllegalArgumentException(
          "JSON has no "
              + (value == null ? "null here" : value.getClass().getName())
              + "; give a String, Number, Boolean, Map or Iterable.");
    }
  }

  private void map(Map<?, ?> map, int depth) {
    out.append('{');
    Iterator<? extends Map.Entry<?, ?>> entries = map.entrySet().iterator();
    while (entries.hasNext()) {
      Map.Entry<?, ?> entry = entries.next();
      if (!(entry.getKey() instanceof String key)) {
        throw new IllegalArgumentException("A key of a JSON object must be a String.");
      }
      line(depth + 1);
      string(key);
      out.append(indented ? ": " : ":");
      value(entry.getValue(), depth + 1);
      out.append(entries.hasNext() ? "," : "");
    }
    if (!map.isEmpty()) {
      line(depth);
    }
    out.append('}');
  }

  private void list(Iterable<?> items, int depth) {
    out.append('[');
    String separator = "";
    for (Object item : items) {
      out.append(separator);
      separator = indented ? ", " : ",";
      value(item, depth + 1);
    }
    out.append(']');
  }

  private void line(int depth) {
    if (indented) {
      out.append('\n').append("  ".repeat(depth));
    }
  }

  private void number(Number number) {
    boolean finite =
        !(number instanceof Double d && !Double.isFinite(d))
            && !(number instanceof Float f && !Float.isFinite(f));
    if (finite) {
      out.append(number);
    } else {
      string(number.toString());
    }
  }

  private void string(CharSequence text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean pair =
          Character.isHighSurrogate(c)
              && i + 1 < text.length()
              && Character.isLowSurrogate(text.charAt(i + 1));
      if (pair) {
        out.append(c).append(text.charAt(++i));
      } else if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c == '\n') {
        out.append("\\n");
      } else if (c < ' ' || c == 0x7f || Character.isSurrogate(c)) {
        out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    out.append('"');
  }
}
