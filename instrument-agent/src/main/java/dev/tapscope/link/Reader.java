package dev.tapscope.link;

import dev.tapscope.profile.Operand;
import dev.tapscope.profile.Operand.Step;
import dev.tapscope.tap.TapscopeException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodHandles.Lookup;
import java.lang.invoke.MethodType;
import java.util.List;

/**
 * Reads one operand from what a woven call has passed. A record, as is all that leads to it from a
 * call site: the compiler takes the fields of records for constants, and so reads the model's own
 * field where the getter would be called.
 *
 * @param index of the root among the captures, {@link #CONSTANT} or {@link #VALUE}
 * @param indexes of what the path's array indexes have been passed as
 * @param plain whether what is passed is what is read, without a step from it
 * @param type static type of what is read
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Reader(
    Operand operand,
    int index,
    int[] indexes,
    MethodHandle getter,
    boolean plain,
    Class<?> type,
    Object constant) {
  /** Captures of a woven call in the order of the site, handed out one after the other. */
  static final class Captures {
    private final Lookup caller;
    private final List<Class<?>> types;
    private final MethodHandle[] paths;
    private int next;

    /**
     * @param types of the captures, without the value
     */
    Captures(Lookup caller, List<Class<?>> types) {
      this.caller = caller;
      this.types = types;
      this.paths = new MethodHandle[types.size()]; // null: passed on as it is
    }

    /** Reads an operand whose root is among the captures, or is a constant. */
    Reader reader(Operand operand) {
      if (operand.root() instanceof Operand.Root.Constant constant) {
        return new Reader(operand, constant.value());
      }
      int index = next++;
      int[] indexes = indexes(operand);
      if (operand.path().isEmpty() || indexes.length > 0) {
        return of(operand, index, types.get(index), indexes, caller);
      }
      MethodHandle path = FieldPath.follow(operand, types.get(index), caller);
      paths[index] = Unread.orValue(path);
      return new Reader(operand, index, indexes, path, true, path.type().returnType(), 0);
    }

    /** Reads an operand whose root is the value itself. */
    Reader ofValue(Operand operand, Class<?> root) {
      return of(operand, VALUE, root, indexes(operand), caller);
    }

    /**
     * Has paths followed before a woven call reaches its target, where the compiler sees through
     * them whatever becomes of the target: a getter called in there is no constant to it.
     *
     * @param target takes the captures as Objects, from an argument on
     */
    MethodHandle followedInto(MethodHandle target, int first) {
      MethodHandle followed = target;
      for (int i = 0; i < paths.length; i++) {
        if (paths[i] != null) {
          followed = MethodHandles.filterArguments(followed, first + i, paths[i]);
        }
      }
      return followed;
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

  /** Stands where a site has no such operand. */
  static final Reader NONE = new Reader(Operand.of(new Operand.Root.Constant(0)), 0);

  private Reader(Operand operand, int constant) {
    this(
        operand,
        CONSTANT,
        new int[0],
        MethodHandles.identity(Object.class),
        true,
        int.class,
        constant);
  }

  private static Reader of(
      Operand operand, int index, Class<?> root, int[] indexes, Lookup caller) {
    MethodHandle path = FieldPath.follow(operand, root, caller);
    MethodHandle getter =
        indexes.length == 0
            ? path.asType(MethodType.methodType(Object.class, Object.class))
            : path.asSpreader(1, int[].class, indexes.length)
                .asType(MethodType.methodType(Object.class, Object.class, int[].class));
    return new Reader(
        operand, index, indexes, getter, operand.path().isEmpty(), path.type().returnType(), 0);
  }

  /** Whether the site has this operand. */
  boolean present() {
    return this != NONE;
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
    return index == CONSTANT ? constant : readFrom(Unread.checked(captures[index]), captures);
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
