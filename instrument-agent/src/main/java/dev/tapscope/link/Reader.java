package dev.tapscope.link;

import dev.tapscope.profile.Operand;
import dev.tapscope.tap.TapscopeException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodHandles.Lookup;
import java.util.List;

/** Reads one operand from what a woven call has passed. */
final class Reader {
  /** Captures of a woven call in the order of the site, handed out one after the other. */
  static final class Captures {
    private final Lookup caller;
    private final List<Class<?>> types;
    private int next;

    /**
     * @param types of the captures, without the value
     */
    Captures(Lookup caller, List<Class<?>> types) {
      this.caller = caller;
      this.types = types;
    }

    Reader reader(Operand operand) {
      if (operand.root() instanceof Operand.Root.Constant constant) {
        return new Reader(operand, constant.value());
      }
      int index = next++;
      return new Reader(operand, index, types.get(index), caller);
    }
  }

  private final Operand operand;
  private final int index;
  private final MethodHandle getter;
  private final Class<?> type;
  private final int constant;

  private Reader(Operand operand, int constant) {
    this.operand = operand;
    this.index = -1;
    this.getter = FieldPath.getter(Object.class, List.of(), MethodHandles.lookup());
    this.type = int.class;
    this.constant = constant;
  }

  Reader(Operand operand, int index, Class<?> root, Lookup caller) {
    this.operand = operand;
    this.index = index;
    this.getter = FieldPath.getter(root, fields(operand), caller);
    this.type = FieldPath.type(root, fields(operand), caller);
    this.constant = 0;
  }

  private static List<String> fields(Operand operand) {
    return operand.path().stream()
        .map(Operand.Step.Field.class::cast)
        .map(Operand.Step.Field::name)
        .toList();
  }

  /** Static type of what is read. */
  Class<?> type() {
    return type;
  }

  /** Refuses to link where the operand can never be what is needed. */
  Reader requiring(String what, Class<?>... allowed) {
    if (!List.of(allowed).contains(type)) {
      throw TapscopeException.check(
          "value-type",
          "'"
              + operand
              + "' is a "
              + type.getTypeName()
              + " and cannot be the "
              + what
              + ", which must be "
              + String.join(" or ", List.of(allowed).stream().map(Class::getTypeName).toList())
              + ".");
    }
    return this;
  }

  Object read(Object[] captures) throws Throwable {
    return index < 0 ? constant : readFrom(captures[index]);
  }

  Object readFrom(Object root) throws Throwable {
    return (Object) getter.invokeExact(root);
  }

  int readInt(Object[] captures) throws Throwable {
    return ((Number) read(captures)).intValue();
  }

  float readFloat(Object[] captures) throws Throwable {
    return ((Number) read(captures)).floatValue();
  }
}
