package dev.tapscope.profile;

import dev.tapscope.tap.TapscopeException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** One line of a profile, read from left to right; every complaint names its column. */
final class LineReader {
  private static final Pattern NUMBER = Pattern.compile("[0-9]+");

  private final String file;
  private final int line;
  private final String text;
  private int at;

  /** A comment at the end of the line is dropped. */
  LineReader(String file, int line, String text) {
    int comment = text.indexOf('#');
    this.file = file;
    this.line = line;
    this.text = comment < 0 ? text : text.substring(0, comment);
    skipBlanks();
  }

  boolean atEnd() {
    return at == text.length();
  }

  /** 1-based column of the next word. */
  int column() {
    return at + 1;
  }

  /** The next word without taking it; empty at the end of the line. */
  String peek() {
    return text.substring(at, wordEnd());
  }

  /** Takes the next word, whatever it is. */
  String word(String wanted) {
    if (atEnd()) {
      throw expected(wanted);
    }
    String word = peek();
    advance(word.length());
    return word;
  }

  /** Takes the next word if it is this one. */
  boolean take(String keyword) {
    boolean found = peek().equals(keyword);
    if (found) {
      advance(keyword.length());
    }
    return found;
  }

  /** Takes a word that has to be this one. */
  void keyword(String keyword) {
    if (!take(keyword)) {
      throw expected("'" + keyword + "'", List.of(keyword));
    }
  }

  /** Takes a word that has to be one of these. */
  String keyword(String wanted, Collection<String> keywords) {
    requireNext(wanted, keywords);
    return word(wanted);
  }

  /** Complains unless the next word is one of these; takes nothing. */
  void requireNext(String wanted, Collection<String> keywords) {
    if (!keywords.contains(peek())) {
      throw expected(wanted, keywords);
    }
  }

  /** Takes a word of a certain form. */
  String word(String wanted, Pattern form) {
    if (!form.matcher(peek()).matches()) {
      throw expected(wanted);
    }
    return word(wanted);
  }

  boolean nextIsNumber() {
    return NUMBER.matcher(peek()).matches();
  }

  /** Takes a number from {@code least} to {@code most}. */
  int number(String wanted, int least, int most) {
    int column = column();
    String digits = word(wanted, NUMBER);
    return numberOf(digits, column, wanted, least, most);
  }

  /** The rest of the line as it is written, trailing blanks aside. */
  String rest() {
    String rest = text.substring(at).stripTrailing();
    at = text.length();
    return rest;
  }

  void end(String after) {
    if (!atEnd()) {
      throw expected("nothing more after " + after);
    }
  }

  /** Takes {@code Owner.name} or {@code Owner.name(types)}. */
  MethodRef method(String wanted) {
    int start = at;
    int stop = at;
    while (stop < text.length() && text.charAt(stop) != '(' && !blank(text.charAt(stop))) {
      stop++;
    }
    String name = text.substring(start, stop);
    int dot = name.lastIndexOf('.');
    if (dot <= 0 || !Names.isOwner(name.substring(0, dot)) || !Names.isMethod(name, dot + 1)) {
      throw expected(wanted);
    }
    Optional<List<String>> parameters = Optional.empty();
    if (stop < text.length() && text.charAt(stop) == '(') {
      int close = text.indexOf(')', stop);
      if (close < 0) {
        at = text.stripTrailing().length();
        throw expected("')' after the parameter types");
      }
      parameters = Optional.of(parameters(stop + 1, close));
      stop = close + 1;
      if (stop < text.length() && !blank(text.charAt(stop))) {
        at = stop;
        throw expected("a blank after ')'");
      }
    }
    advance(stop - start);
    return new MethodRef(name.substring(0, dot), name.substring(dot + 1), parameters);
  }

  private List<String> parameters(int from, int to) {
    List<String> types = new ArrayList<>();
    if (text.substring(from, to).isBlank()) {
      return types;
    }
    int start = from;
    int depth = 0;
    for (int i = from; i <= to; i++) {
      char c = i == to ? ',' : text.charAt(i);
      depth += c == '<' ? 1 : c == '>' ? -1 : 0;
      if (c == ',' && (depth == 0 || i == to)) {
        types.add(type(start, i));
        start = i + 1;
      }
    }
    return types;
  }

  private String type(int from, int to) {
    Optional<String> type = Names.erasedType(text.substring(from, to).strip());
    if (type.isEmpty()) {
      at = from;
      skipBlanks();
      String found = text.substring(from, to).strip();
      throw error(
          column(),
          "expected a parameter type such as int, float[][], KvCache or a.b.Outer$Inner, found "
              + (found.isEmpty() ? "nothing" : "'" + found + "'")
              + ".");
    }
    return type.get();
  }

  /** Takes {@code Owner.name} or {@code this.name}. */
  FieldRef field(String wanted) {
    String word = peek();
    int dot = word.lastIndexOf('.');
    if (dot <= 0
        || !Names.isClass(word.substring(0, dot))
        || !Names.isIdentifier(word.substring(dot + 1))) {
      throw expected(wanted);
    }
    advance(word.length());
    return new FieldRef(word.substring(0, dot), word.substring(dot + 1));
  }

  /** Takes a word in which blanks may stand between {@code [} and {@code ]}. */
  String wordWithBrackets(String wanted) {
    if (atEnd()) {
      throw expected(wanted);
    }
    int end = at;
    boolean open = false;
    while (end < text.length() && (open || !blank(text.charAt(end)))) {
      open = text.charAt(end) == '[' || (open && text.charAt(end) != ']');
      end++;
    }
    String word = text.substring(at, end).stripTrailing();
    advance(end - at);
    return word;
  }

  /** What stands behind column {@code from} up to and with column {@code to}, read by itself. */
  LineReader part(int from, int to) {
    LineReader part = new LineReader(file, line, text.substring(0, to));
    part.at = from;
    part.skipBlanks();
    return part;
  }

  /** Whether the word after the next begins with a digit. */
  boolean secondIsNumber() {
    int second = wordEnd();
    while (second < text.length() && blank(text.charAt(second))) {
      second++;
    }
    return second < text.length() && text.charAt(second) >= '0' && text.charAt(second) <= '9';
  }

  int numberOf(String digits, int column, String wanted, int least, int most) {
    // Ten digits can pass the range of int; more never fit.
    long value = digits.length() > 10 ? Long.MAX_VALUE : Long.parseLong(digits);
    if (value < least || value > most) {
      throw error(
          column,
          "expected " + wanted + " from " + least + " to " + most + ", found '" + digits + "'.");
    }
    return (int) value;
  }

  TapscopeException expected(String wanted) {
    return error(column(), "expected " + wanted + ", " + found() + ".");
  }

  TapscopeException expected(String wanted, Collection<String> keywords) {
    String hint =
        Spelling.nearest(peek(), keywords)
            .filter(near -> !near.equals(peek()))
            .map(near -> " Did you mean '" + near + "'?")
            .orElse("");
    return error(column(), "expected " + wanted + ", " + found() + "." + hint);
  }

  private String found() {
    return "found " + (atEnd() ? "the end of the line" : "'" + peek() + "'");
  }

  TapscopeException error(int column, String sentence) {
    return TapscopeException.usage(
        "profile-syntax", file + ":" + line + ":" + column + ": " + sentence);
  }

  private int wordEnd() {
    int end = at;
    while (end < text.length() && !blank(text.charAt(end))) {
      end++;
    }
    return end;
  }

  private void advance(int letters) {
    at += letters;
    skipBlanks();
  }

  private void skipBlanks() {
    while (at < text.length() && blank(text.charAt(at))) {
      at++;
    }
  }

  private static boolean blank(char c) {
    return Character.isWhitespace(c);
  }
}
