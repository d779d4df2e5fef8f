package dev.tapscope.weave;

import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.objectweb.asm.Type;

/** Types and methods of class files as profiles write them: {@code float[][]}, {@code KvCache}. */
final class SourceNames {
  private SourceNames() {}

  /** {@code a.b.Outer$Inner[]}. */
  static String full(Type type) {
    return type.getClassName();
  }

  /** {@code Outer$Inner[]}. */
  static String brief(Type type) {
    String full = full(type);
    return full.substring(full.lastIndexOf('.') + 1);
  }

  /** {@code a.b.Outer$Inner} for {@code a/b/Outer$Inner}, {@code float[]} for {@code [F}. */
  static String className(String internalName) {
    return full(Type.getObjectType(internalName));
  }

  /** {@code Owner.name(float[][], int)} with short types. */
  static String method(String owner, String name, String descriptor) {
    return owner + "." + name + parameters(descriptor, SourceNames::brief);
  }

  /** The same with package names, for where the short form would not tell two methods apart. */
  static String methodInFull(String owner, String name, String descriptor) {
    return owner + "." + name + parameters(descriptor, SourceNames::full);
  }

  private static String parameters(String descriptor, Function<Type, String> print) {
    return Arrays.stream(Type.getArgumentTypes(descriptor))
        .map(print)
        .collect(Collectors.joining(", ", "(", ")"));
  }

  /** Whether parameter types as written name those of a descriptor. */
  static boolean match(List<String> written, String descriptor) {
    Type[] types = Type.getArgumentTypes(descriptor);
    boolean same = types.length == written.size();
    for (int i = 0; same && i < types.length; i++) {
      same = matchType(written.get(i), full(types[i]));
    }
    return same;
  }

  /** Whether a class name as written, short or in full, names a class. */
  static boolean matchClass(String written, String internalName) {
    return matchType(written, className(internalName));
  }

  private static boolean matchType(String written, String full) {
    // Nested classes may be written with a dot, as Java sources write them.
    String wanted = written.replace('$', '.');
    String there = full.replace('$', '.');
    return there.equals(wanted) || there.endsWith("." + wanted);
  }
}
