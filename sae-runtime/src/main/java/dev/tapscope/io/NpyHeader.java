package dev.tapscope.io;

import java.util.ArrayList;
import java.util.List;

/**
 * The dictionary at the start of an npy file, a Python literal: {@code {'descr': '<f4',
 * 'fortran_order': False, 'shape': (2304, 16384), }}. Format: numpy.lib.format, versions 1 to 3.
 */
record NpyHeader(String descr, boolean fortranOrder, Shape shape) {

  /** The header breaks its grammar. */
  static final class Malformed extends Exception {
    Malformed(String found) {
      super(found);
    }
  }

  static NpyHeader parse(String text) throws Malformed {
    return new Parser(text).header();
  }

  private static final class Parser {
    private final String text;
    private int at;

    Parser(String text) {
      this.text = text;
    }

    NpyHeader header() throws Malformed {
      String descr = null;
      Boolean fortran = null;
      Shape shape = null;
      expect('{');
      while (peek() != '}') {
        String key = string();
        expect(':');
        switch (key) {
          case "descr" -> {
            once(key, descr);
            if (peek() == '[') {
              throw new Malformed("it holds records of several fields, not plain numbers");
            }
            descr = string();
          }
          case "fortran_order" -> {
            once(key, fortran);
            fortran = bool();
          }
          case "shape" -> {
            once(key, shape);
            shape = shape();
          }
          default -> throw new Malformed("its header has an unknown key '" + key + "'");
        }
        if (peek() != '}') {
          expect(',');
        }
      }
      expect('}');
      if (!text.substring(at).isBlank()) {
        throw new Malformed("its header goes on after the closing brace");
      }
      if (descr == null || fortran == null || shape == null) {
        throw new Malformed("its header lacks one of descr, fortran_order and shape");
      }
      return new NpyHeader(descr, fortran, shape);
    }

    private static void once(String key, Object before) throws Malformed {
      if (before != null) {
        throw new Malformed("its header states " + key + " twice");
      }
    }

    private char peek() throws Malformed {
      while (at < text.length() && (text.charAt(at) == ' ' || text.charAt(at) == '\n')) {
        at++;
      }
      if (at == text.length()) {
        throw new Malformed("its header ends early");
      }
      return text.charAt(at);
    }

    private void expect(char wanted) throws Malformed {
      char found = peek();
      if (found != wanted) {
        throw new Malformed("its header has '%c' where '%c' was wanted".formatted(found, wanted));
      }
      at++;
    }

    private String string() throws Malformed {
      char quote = peek();
      if (quote != '\'' && quote != '"') {
        throw new Malformed("its header has '" + quote + "' where a quoted word was wanted");
      }
      int end = text.indexOf(quote, at + 1);
      if (end < 0) {
        throw new Malformed("its header has a quote that does not end");
      }
      String word = text.substring(at + 1, end);
      at = end + 1;
      return word;
    }

    private boolean bool() throws Malformed {
      peek();
      for (String word : List.of("True", "False")) {
        if (text.startsWith(word, at)) {
          at += word.length();
          return word.equals("True");
        }
      }
      throw new Malformed("its header's fortran_order is neither True nor False");
    }

    private Shape shape() throws Malformed {
      List<Long> sizes = new ArrayList<>();
      expect('(');
      while (peek() != ')') {
        sizes.add(size());
        if (peek() != ')') {
          expect(',');
        } else if (sizes.size() == 1 && text.charAt(at - 1) != ',') {
          throw new Malformed("its shape is a number where a tuple was wanted");
        }
      }
      expect(')');
      return Shape.of(sizes.stream().mapToLong(Long::longValue).toArray());
    }

    private long size() throws Malformed {
      peek();
      int start = at;
      while (at < text.length() && "-0123456789".indexOf(text.charAt(at)) >= 0) {
        at++;
      }
      String digits = text.substring(start, at);
      if (digits.startsWith("-")) {
        throw new Malformed("its shape has the negative size " + digits);
      }
      if (digits.isEmpty() || digits.length() > 18 || digits.indexOf('-') > 0) {
        throw new Malformed("its shape has no readable size at '" + digits + "'");
      }
      return Long.parseLong(digits);
    }
  }
}
