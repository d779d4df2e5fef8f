package dev.tapscope.profile;

import dev.tapscope.profile.JoinPoint.ArrayRef;
import dev.tapscope.profile.Operand.Root;
import java.util.List;
import java.util.Optional;

/** Reads the line of a tap that says where in the method it stands. */
final class JoinPointReader {
  private final LineReader line;

  private JoinPointReader(LineReader line) {
    this.line = line;
  }

  /**
   * @param keyword the first word of the line, already taken
   */
  static JoinPoint read(String keyword, LineReader line) {
    return new JoinPointReader(line).read(keyword);
  }

  private JoinPoint read(String keyword) {
    String place =
        keyword.equals("at") ? line.keyword("entry or exit", List.of("entry", "exit")) : keyword;
    return switch (place) {
      case "entry" -> new JoinPoint.Entry();
      case "exit" -> new JoinPoint.Exit();
      case "before" -> before();
      case "around" -> {
        line.keyword("call");
        yield call("around");
      }
      case "loop" -> loop();
      default -> after();
    };
  }

  private JoinPoint before() {
    if (line.keyword("call or put", List.of("call", "put")).equals("call")) {
      return call("before");
    }
    FieldRef field = field();
    int nth = nth();
    return new JoinPoint.BeforePut(field, nth, of());
  }

  private JoinPoint after() {
    String what =
        line.keyword("call, store, put or element", List.of("call", "store", "put", "element"));
    switch (what) {
      case "call":
        return call("after");
      case "store":
        Root variable = variable("a store is to a variable, not to a field");
        int nthStore = nth();
        return new JoinPoint.AfterStore(variable, nthStore, of());
      case "put":
        FieldRef field = field();
        int nthPut = nth();
        return new JoinPoint.AfterPut(field, nthPut, of());
      default:
        ArrayRef array = array();
        int nth = nth();
        return new JoinPoint.AfterElement(array, nth, of());
    }
  }

  private JoinPoint call(String side) {
    MethodRef call = line.method("the called method, written Owner.name or Owner.name(types)");
    Optional<FieldRef> fedBy = Optional.empty();
    if (line.take("fed")) {
      line.keyword("by");
      fedBy = Optional.of(field());
    }
    int nth = nth();
    int of = of();
    return switch (side) {
      case "before" -> new JoinPoint.BeforeCall(call, fedBy, nth, of);
      case "after" -> new JoinPoint.AfterCall(call, fedBy, nth, of);
      default -> new JoinPoint.AroundCall(call, fedBy, nth, of);
    };
  }

  private JoinPoint loop() {
    Root variable = variable("a loop counts in a variable");
    boolean begins = line.keyword("begin or end", List.of("begin", "end")).equals("begin");
    int nth = nth();
    int of = of();
    return begins
        ? new JoinPoint.LoopBegin(variable, nth, of)
        : new JoinPoint.LoopEnd(variable, nth, of);
  }

  private ArrayRef array() {
    if (line.take("any")) {
      return new ArrayRef.Any();
    }
    if (line.peek().equals("local") || line.peek().equals("slot")) {
      return new ArrayRef.InVariable(variable("the array is in a variable or a field"));
    }
    return new ArrayRef.InField(
        line.field("the array: local NAME, slot N, Owner.field, this.field or any"));
  }

  private Root variable(String rule) {
    int column = line.column();
    line.requireNext("local NAME or slot N", List.of("local", "slot"));
    Operand variable = new OperandReader(line).read("local NAME or slot N");
    if (!variable.path().isEmpty()) {
      throw line.error(column, rule + ", found '" + variable + "'.");
    }
    return variable.root();
  }

  private FieldRef field() {
    return line.field("a field, written Owner.name or this.name");
  }

  private int nth() {
    return line.number("N of M, such as '1 of 2'", 1, Integer.MAX_VALUE);
  }

  private int of() {
    line.keyword("of");
    return line.number("how many there are", 1, Integer.MAX_VALUE);
  }
}
