package dev.tapscope.cuda;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * JSON for the results file: objects as maps in their order, arrays as lists, strings, doubles,
 * booleans and null. The check has to run with nothing but a JDK's base.
 */
final class Json {
  private final String text;
  private int at;

  private Json(String text) {
    this.text = text;
  }

  /**
   * @throws IllegalArgumentException where the text is no JSON
   */
  static Object read(String text) {
    Json json = new Json(text);
    Object value = json.value();
    json.skipSpace();
    if (json.at != text.length()) {
      throw json.wrong("the end");
    }
    return value;
  }

  static String write(Object value) {
    StringBuilder to = new StringBuilder();
    write(value, "", to);
    return to.append('\n').toString();
  }

  private static void write(Object value, String indent, StringBuilder to) {
    switch (value) {
      case Map<?, ?> map -> {
        to.append('{');
        String separator = "\n";
        for (Map.Entry<?, ?> entry : map.entrySet()) {
          to.append(separator).append(indent).append("  ");
          string(entry.getKey().toString(), to);
          to.append(": ");
          write(entry.getValue(), indent + "  ", to);
          separator = ",\n";
        }
        to.append(map.isEmpty() ? "}" : "\n" + indent + "}");
      }
      case List<?> list -> {
        to.append('[');
        String separator = "\n";
        for (Object entry : list) {
          to.append(separator).append(indent).append("  ");
          write(entry, indent + "  ", to);
          separator = ",\n";
        }
        to.append(list.isEmpty() ? "]" : "\n" + indent + "]");
      }
      case Double number when !Double.isFinite(number) -> string(number.toString(), to);
      case Double number when number == Math.rint(number) && Math.abs(number) < 1e15 ->
          to.append(number.longValue());
      case Number number -> to.append(number);
      case Boolean truth -> to.append(truth);
      case null -> to.append("null");
      default -> string(value.toString(), to);
    }
  }

  private static void string(String value, StringBuilder to) {
    to.append('"');
    for (char c : value.toCharArray()) {
      switch (c) {
        case '"' -> to.append("\\\"");
        case '\\' -> to.append("\\\\");
        case '\n' -> to.append("\\n");
        default -> {
          if (c < ' ') {
            to.append("\\u%04x".formatted((int) c));
          } else {
            to.append(c);
          }
        }
      }
    }
    to.append('"');
  }

  private Object value() {
    skipSpace();
    return switch (peek()) {
      case '{' -> object();
      case '[' -> array();
      case '"' -> string();
      case 't' -> word("true", true);
      case 'f' -> word("false", false);
      case 'n' -> word("null", null);
      default -> number();
    };
  }

  private Map<String, Object> object() {
    Map<String, Object> map = new LinkedHashMap<>();
    expect('{');
    while (!skips('}')) {
      if (!map.isEmpty()) {
        expect(',');
      }
      skipSpace();
      String name = string();
      skipSpace();
      expect(':');
      map.put(name, value());
    }
    return map;
  }

  private List<Object> array() {
    List<Object> list = new ArrayList<>();
    expect('[');
    while (!skips(']')) {
      if (!list.isEmpty()) {
        expect(',');
      }
      list.add(value());
    }
    return list;
  }

  private String string() {
    expect('"');
    StringBuilder to = new StringBuilder();
    for (char c = next(); c != '"'; c = next()) {
      to.append(c == '\\' ? escaped(next()) : c);
    }
    return to.toString();
  }

  private char escaped(char c) {
    return switch (c) {
      case 'n' -> '\n';
      case 't' -> '\t';
      case 'r' -> '\r';
      case 'u' -> {
        int end = Math.min(text.length(), at + 4);
        String digits = text.substring(at, end);
        at = end;
        yield (char) Integer.parseInt(digits, 16);
      }
      default -> c;
    };
  }

  private Object word(String word, Object value) {
    if (!text.startsWith(word, at)) {
      throw wrong(word);
    }
    at += word.length();
    return value;
  }

  private double number() {
    int start = at;
    while (at < text.length() && "+-.0123456789eE".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
    if (at == start) {
      throw wrong("a value");
    }
    return Double.parseDouble(text.substring(start, at));
  }

  private void skipSpace() {
    while (at < text.length() && text.charAt(at) <= ' ') {
      at++;
    }
  }

  private boolean skips(char c) {
    skipSpace();
    if (peek() != c) {
      return false;
    }
    at++;
    return true;
  }

  private char peek() {
    if (at >= text.length()) {
      throw wrong("more");
    }
    return text.charAt(at);
  }

  private char next() {
    char c = peek();
    at++;
    return c;
  }

  private void expect(char c) {
    if (next() != c) {
      at--;
      throw wrong("'" + c + "'");
    }
  }

  private IllegalArgumentException wrong(String expected) {
    return new IllegalArgumentException("no JSON: %s is missing at %d".formatted(expected, at));
  }
}
