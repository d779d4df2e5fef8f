package dev.tapscope.link;

import dev.tapscope.profile.Operand;
import dev.tapscope.profile.Operand.Step;
import dev.tapscope.tap.TapscopeException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodHandles.Lookup;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Follows fields and array elements from an object, private fields too, with the access of the
 * woven class.
 */
final class FieldPath {
  private final Operand operand;
  private final Lookup caller;

  private FieldPath(Operand operand, Lookup caller) {
    this.operand = operand;
    this.caller = caller;
  }

  /**
   * A handle {@code (root, int...) -> value} that follows the path of an operand: one int for each
   * index that is no constant. Its types are the static ones.
   */
  static MethodHandle follow(Operand operand, Class<?> root, Lookup caller) {
    FieldPath path = new FieldPath(operand, caller);
    MethodHandle handle = MethodHandles.identity(root);
    for (Step step : operand.path()) {
      Class<?> type = handle.type().returnType();
      if (step instanceof Step.Field field) {
        handle = MethodHandles.filterReturnValue(handle, path.field(type, field.name()));
      } else if (((Step.Element) step).index() instanceof Operand.Root.Constant constant) {
        MethodHandle element = path.element(type, step);
        handle =
            MethodHandles.filterReturnValue(
                handle, MethodHandles.insertArguments(element, 1, constant.value()));
      } else {
        handle = MethodHandles.collectArguments(path.element(type, step), 0, handle);
      }
    }
    return handle;
  }

  private MethodHandle element(Class<?> type, Step step) {
    if (!type.isArray()) {
      throw TapscopeException.check(
          "value-type",
          "'"
              + operand
              + "' asks for the element "
              + step
              + " of a "
              + type.getTypeName()
              + ", which is no array. Name a field of it, or the object as a whole with a codec.");
    }
    return MethodHandles.arrayElementGetter(type);
  }

  private MethodHandle field(Class<?> type, String name) {
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
