package dev.tapscope.profile;

import dev.tapscope.profile.Operand.Root;
import dev.tapscope.profile.Operand.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import java.util.regex.Pattern;

/** Reads operands: a root such as {@code this}, {@code arg 1}, and the path glued to it. */
final class OperandReader {
  static final String OPERANDS =
      "this, arg N, local NAME, slot N, stack, call arg N, call this, index of call arg N or"
          + " return";

  private static final Pattern NUMBER = Pattern.compile("[0-9]+");
  private static final String INDEX = "an index: a number, arg N, local NAME, slot N or call arg N";

  private final LineReader line;

  OperandReader(LineReader line) {
    this.line = line;
  }

  /**
   * @param wanted what to say is expected where no operand stands
   */
  Operand read(String wanted) {
    if (line.take("call")) {
      return ofCall();
    }
    if (line.take("index")) {
      line.keyword("of");
      line.keyword("call");
      line.keyword("arg");
      return numbered("the number of an argument of the call", Root.IndexOf::new);
    }
    if (line.take("arg")) {
      return numbered("the number of a parameter", Root.Arg::new);
    }
    if (line.take("slot")) {
      return numbered("the number of a slot", Root.Slot::new);
    }
    if (line.take("local")) {
      int column = line.column();
      String word = line.wordWithBrackets("the name of a local variable");
      String name = upToPath(word);
      requireName(name, column, word);
      return new Operand(new Root.Local(name), path(word, name.length(), column));
    }
    if (line.peek().equals("stack") && line.secondIsNumber()) {
      line.take("stack");
      return numbered("how far below the top of the stack", Root.Stack::new);
    }
    return glued(wanted);
  }

  /** Takes an operand or a plain number. */
  Operand orNumber(String wanted) {
    return line.nextIsNumber()
        ? Operand.of(new Root.Constant(line.number(wanted, 0, Integer.MAX_VALUE)))
        : read(wanted);
  }

  private Operand ofCall() {
    if (upToPath(line.peek()).equals("this")) {
      int column = line.column();
      String word = line.wordWithBrackets("call this");
      return new Operand(new Root.CallThis(), path(word, "this".length(), column));
    }
    line.keyword("arg N or this", List.of("arg", "this"));
    return numbered("the number of an argument of the call", Root.CallArg::new);
  }

  private Operand glued(String wanted) {
    int column = line.column();
    String first = upToPath(line.peek());
    Root root =
        switch (first) {
          case "this" -> new Root.This();
          case "return" -> new Root.Return();
          case "stack" -> new Root.Stack(0);
          default -> throw line.expected(wanted, Names.OPERANDS);
        };
    return new Operand(root, path(line.wordWithBrackets(wanted), first.length(), column));
  }

  private Operand numbered(String wanted, IntFunction<Root> root) {
    int column = line.column();
    String word = line.wordWithBrackets(wanted);
    String digits = upToPath(word);
    if (!NUMBER.matcher(digits).matches()) {
      throw line.error(column, "expected " + wanted + ", found '" + word + "'.");
    }
    int index = line.numberOf(digits, column, wanted, 0, Names.MOST_SLOTS);
    return new Operand(root.apply(index), path(word, digits.length(), column));
  }

  private static String upToPath(String word) {
    int end = 0;
    while (end < word.length() && word.charAt(end) != '.' && word.charAt(end) != '[') {
      end++;
    }
    return word.substring(0, end);
  }

  /**
   * @param from where in the word the path begins
   * @param column of the word
   */
  private List<Step> path(String word, int from, int column) {
    List<Step> path = new ArrayList<>();
    int at = from;
    while (at < word.length()) {
      if (word.charAt(at) == '.') {
        String name = upToPath(word.substring(at + 1));
        requireName(name, column + at + 1, word);
        path.add(new Step.Field(name));
        at += 1 + name.length();
      } else if (word.charAt(at) == '[') {
        int close = word.indexOf(']', at);
        if (close < 0) {
          throw line.error(
              column + word.length(), "expected ']' after the index, found the end of the line.");
        }
        path.add(element(column + at, column + close - 1));
        at = close + 1;
      } else {
        throw line.error(
            column + at,
            "expected '.' or '[' after ']', found '" + word.substring(at) + "' in '" + word + "'.");
      }
    }
    return path;
  }

  private Step element(int from, int to) {
    LineReader inside = line.part(from, to);
    int column = inside.column();
    Operand index = new OperandReader(inside).orNumber(INDEX);
    Root root = index.root();
    boolean plain =
        root instanceof Root.Constant
            || root instanceof Root.Arg
            || root instanceof Root.Local
            || root instanceof Root.Slot
            || root instanceof Root.CallArg;
    if (!plain || !index.path().isEmpty()) {
      throw line.error(column, "expected " + INDEX + ", found '" + index + "'.");
    }
    inside.end("an index");
    return new Step.Element(root);
  }

  private void requireName(String name, int column, String word) {
    if (!Names.isIdentifier(name)) {
      throw line.error(
          column,
          "expected a name made of letters, digits, _ and $, found "
              + (name.isEmpty() ? "nothing" : "'" + name + "'")
              + " in '"
              + word
              + "'.");
    }
  }
}
