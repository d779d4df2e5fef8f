package dev.tapscope.link;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/**
 * Stands for an operand whose path could not be followed, until somebody asks for it: what the
 * model's own fields give rise to must not reach the model.
 */
record Unread(Throwable cause) {
  private static final MethodHandle MAKE;

  static {
    try {
      MAKE =
          MethodHandles.lookup()
              .findConstructor(Unread.class, MethodType.methodType(void.class, Throwable.class))
              .asType(MethodType.methodType(Object.class, Throwable.class));
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** A handle {@code (root) -> Object}: the value at the end of a path, or an Unread. */
  static MethodHandle orValue(MethodHandle path) {
    return MethodHandles.catchException(
        path.asType(path.type().changeReturnType(Object.class)), Throwable.class, MAKE);
  }

  /** The value that was read. */
  static Object checked(Object read) throws Throwable {
    if (read instanceof Unread unread) {
      throw unread.cause();
    }
    return read;
  }
}
