package dev.tapscope.link;

import dev.tapscope.tap.TapscopeException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodHandles.Lookup;
import java.lang.invoke.MethodType;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Follows fields from an object, private ones too, with the access of the woven class. */
final class FieldPath {
  private FieldPath() {}

  /** A handle {@code (Object root) -> Object} that follows the path. */
  static MethodHandle getter(Class<?> root, List<String> path, Lookup caller) {
    return follow(root, path, caller).asType(MethodType.methodType(Object.class, Object.class));
  }

  /** The static type at the end of a path. */
  static Class<?> type(Class<?> root, List<String> path, Lookup caller) {
    return follow(root, path, caller).type().returnType();
  }

  private static MethodHandle follow(Class<?> root, List<String> path, Lookup caller) {
    MethodHandle handle = MethodHandles.identity(root);
    for (String name : path) {
      Class<?> type = handle.type().returnType();
      MethodHandle get = field(type, name, caller);
      handle = MethodHandles.filterReturnValue(handle, get);
    }
    return handle;
  }

  private static MethodHandle field(Class<?> type, String name, Lookup caller) {
    Field field = find(type, name).orElseThrow(() -> missing(type, name));
    try {
      Class<?> owner = field.getDeclaringClass();
      Lookup lookup =
          owner == caller.lookupClass() ? caller : MethodHandles.privateLookupIn(owner, caller);
      MethodHandle get = lookup.unreflectGetter(field);
      if (Modifier.isStatic(field.getModifiers())) {
        return MethodHandles.dropArguments(get, 0, type);
      }
      return get.asType(get.type().changeParameterType(0, type));
    } catch (IllegalAccessException e) {
      throw TapscopeException.check(
          "field-access",
          "Field "
              + field.getDeclaringClass().getTypeName()
              + "."
              + name
              + " cannot be read from "
              + caller.lookupClass().getTypeName()
              + ": "
              + e.getMessage()
              + ". Start the model with --add-opens for that package, or tap another field.");
    }
  }

  private static Optional<Field> find(Class<?> type, String name) {
    for (Class<?> c = type; c != null; c = c.getSuperclass()) {
      Optional<Field> field =
          Arrays.stream(c.getDeclaredFields()).filter(f -> f.getName().equals(name)).findFirst();
      if (field.isPresent()) {
        return field;
      }
    }
    return Optional.empty();
  }

  private static TapscopeException missing(Class<?> type, String name) {
    List<String> there =
        Arrays.stream(type.getDeclaredFields())
            .map(f -> f.getType().getSimpleName() + " " + f.getName())
            .toList();
    return TapscopeException.check(
        "field-missing",
        "There is no field '"
            + name
            + "' in "
            + type.getTypeName()
            + (there.isEmpty()
                ? ", which has no fields at all."
                : ", which has " + String.join(", ", there) + "."));
  }
}
