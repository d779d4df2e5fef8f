package gemma2.io;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A strict reader by recursive descent. */
final class JsonParser {

  private static final int DEEPEST = 256;
  private static final Pattern NUMBER =
      Pattern.compile("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?");

  private final String source;
  private final String text;
  private final Matcher number;
  private int at;
  private int depth;

  JsonParser(String source, String text) {
    this.source = source;
    this.text = text;
    this.number = NUMBER.matcher(text);
  }

  Json document() {
    Json value = value();
    blanks();
    if (at < text.length()) {
      throw error("the document is over, but here stands " + here());
    }
    return value;
  }

  private Json value() {
    blanks();
    if (at == text.length()) {
      throw error("a value was expected, but the text ends");
    }
    return switch (text.charAt(at)) {
      case '{' -> object();
      case '[' -> array();
      case '"' -> new Json.Str(string());
      case 't' -> word("true", new Json.Bool(true));
      case 'f' -> word("false", new Json.Bool(false));
      case 'n' -> word("null", new Json.Null());
      default -> number();
    };
  }

  private Json object() {
    enter();
    Map<String, Json> fields = new LinkedHashMap<>();
    if (!next('}')) {
      do {
        blanks();
        int nameAt = at;
        if (at == text.length() || text.charAt(at) != '"') {
          throw error("a field name in quotes was expected, but here stands " + here());
        }
        String name = string();
        expect(':');
        if (fields.put(name, value()) != null) {
          at = nameAt;
          throw error("the field \"" + name + "\" is named twice");
        }
      } while (next(','));
      expect('}');
    }
    depth--;
    return new Json.Obj(fields);
  }

  private Json array() {
    enter();
    List<Json> items = new ArrayList<>();
    if (!next(']')) {
      do {
        items.add(value());
      } while (next(','));
      expect(']');
    }
    depth--;
    return new Json.Arr(items);
  }

  private void enter() {
    if (++depth > DEEPEST) {
      throw error("values are nested more than " + DEEPEST + " deep");
    }
    at++;
  }

  private String string() {
    StringBuilder out = new StringBuilder();
    at++;
    while (true) {
      if (at == text.length()) {
        throw error("a string was not closed before the text ends");
      }
      char c = text.charAt(at);
      if (c == '"') {
        at++;
        return out.toString();
      }
      if (c < ' ') {
        throw error("a control character stands in a string; it must be written as an escape");
      }
      if (c == '\\') {
        out.append(escape());
      } else {
        out.append(c);
        at++;
      }
    }
  }

  private char escape() {
    if (at + 1 >= text.length()) {
      throw error("a string was not closed before the text ends");
    }
    char code = text.charAt(at + 1);
    if (code == 'u') {
      return unicodeEscape();
    }
    int which = "\"\\/bfnrt".indexOf(code);
    if (which < 0) {
      throw error("there is no escape \\" + code);
    }
    at += 2;
    return "\"\\/\b\f\n\r\t".charAt(which);
  }

  private char unicodeEscape() {
    int unit = 0;
    for (int i = at + 2; i < at + 6; i++) {
      int digit = i < text.length() ? hexDigit(text.charAt(i)) : -1;
      if (digit < 0) {
        throw error("\\u must be followed by four hexadecimal digits");
      }
      unit = unit * 16 + digit;
    }
    at += 6;
    return (char) unit;
  }

  private static int hexDigit(char c) {
    return c < 128 ? Character.digit(c, 16) : -1;
  }

  private Json number() {
    number.region(at, text.length());
    if (!number.lookingAt()) {
      throw error("a value was expected, but here stands " + here());
    }
    at = number.end();
    return new Json.Num(number.group());
  }

  private Json word(String word, Json value) {
    if (!text.startsWith(word, at)) {
      throw error("a value was expected, but here stands " + here());
    }
    at += word.length();
    return value;
  }

  private void blanks() {
    while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
  }

  private boolean next(char c) {
    blanks();
    if (at < text.length() && text.charAt(at) == c) {
      at++;
      return true;
    }
    return false;
  }

  private void expect(char c) {
    if (!next(c)) {
      throw error("'" + c + "' was expected, but here stands " + here());
    }
  }

  private String here() {
    if (at == text.length()) {
      return "the end of the text";
    }
    return "'" + Character.toString(text.codePointAt(at)) + "'";
  }

  private InputException error(String what) {
    int line = 1;
    int lineStart = 0;
    for (int i = 0; i < at; i++) {
      if (text.charAt(i) == '\n') {
        line++;
        lineStart = i + 1;
      }
    }
    return new InputException(
        "json-syntax",
        "%s is not valid JSON: line %d, column %d: %s."
            .formatted(source, line, at - lineStart + 1, what));
  }
}
