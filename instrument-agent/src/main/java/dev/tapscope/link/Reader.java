package dev.tapscope.link;

import dev.tapscope.profile.Operand;
import dev.tapscope.profile.Operand.Step;
import dev.tapscope.tap.TapscopeException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodHandles.Lookup;
import java.lang.invoke.MethodType;
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

    /** Reads an operand whose root is among the captures, or is a constant. */
    Reader reader(Operand operand) {
      if (operand.root() instanceof Operand.Root.Constant constant) {
        return new Reader(operand, constant.value());
      }
      int index = next++;
      return new Reader(operand, index, types.get(index), indexes(operand), caller);
    }

    /** Reads an operand whose root is the value itself. */
    Reader ofValue(Operand operand, Class<?> root) {
      return new Reader(operand, VALUE, root, indexes(operand), caller);
    }

    /** Where the indexes of a path have been passed. */
    private int[] indexes(Operand operand) {
      return operand.path().stream()
          .filter(Step.Element.class::isInstance)
          .filter(step -> !(((Step.Element) step).index() instanceof Operand.Root.Constant))
          .mapToInt(step -> next++)
          .toArray();
    }
  }

  private static final int CONSTANT = -1;
  private static final int VALUE = -2;

  private final Operand operand;
  private final int index;
  private final int[] indexes;
  private final MethodHandle getter;

  /** Whether the root itself is what is read, without a step from it. */
  private final boolean plain;

  private final Class<?> type;
  private final Object constant;

  private Reader(Operand operand, int constant) {
    this.operand = operand;
    this.index = CONSTANT;
    this.indexes = new int[0];
    this.getter = MethodHandles.identity(Object.class);
    this.plain = true;
    this.type = int.class;
    this.constant = constant;
  }

  private Reader(Operand operand, int index, Class<?> root, int[] indexes, Lookup caller) {
    MethodHandle path = FieldPath.follow(operand, root, caller);
    this.operand = operand;
    this.index = index;
    this.plain = operand.path().isEmpty();
    this.indexes = indexes;
    this.type = path.type().returnType();
    this.getter =
        indexes.length == 0
            ? path.asType(MethodType.methodType(Object.class, Object.class))
            : path.asSpreader(1, int[].class, indexes.length)
                .asType(MethodType.methodType(Object.class, Object.class, int[].class));
    this.constant = 0;
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
    return index == CONSTANT ? constant : readFrom(captures[index], captures);
  }

  /** Reads from a root that is not among the captures. */
  Object readFrom(Object root, Object[] captures) throws Throwable {
    if (plain) {
      return root;
    }
    if (indexes.length == 0) {
      return (Object) getter.invokeExact(root);
    }
    int[] at = new int[indexes.length];
    for (int i = 0; i < at.length; i++) {
      at[i] = (Integer) captures[indexes[i]];
    }
    return (Object) getter.invokeExact(root, at);
  }

  int readInt(Object[] captures) throws Throwable {
    return ((Number) read(captures)).intValue();
  }

  float readFloat(Object[] captures) throws Throwable {
    return ((Number) read(captures)).floatValue();
  }
}
