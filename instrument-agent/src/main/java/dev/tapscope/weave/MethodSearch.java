package dev.tapscope.weave;

import dev.tapscope.profile.MethodRef;
import dev.tapscope.profile.Spelling;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.MethodNode;

/**
 * Finds the method a site names in its class. Bridge methods are the compiler's and never meant.
 */
final class MethodSearch {
  private static final int MOST_LISTED = 8;

  private final ClassNode owner;
  private final MethodRef wanted;

  private MethodSearch(ClassNode owner, MethodRef wanted) {
    this.owner = owner;
    this.wanted = wanted;
  }

  static MethodNode find(ClassNode owner, MethodRef wanted) {
    return new MethodSearch(owner, wanted).find();
  }

  /** What names a method among all of its class, as a profile writes it after {@code in}. */
  static String reference(ClassNode owner, MethodNode method) {
    MethodSearch search = new MethodSearch(owner, new MethodRef("", "", Optional.empty()));
    return search.paste(method, search.methods().toList());
  }

  private MethodNode find() {
    List<MethodNode> named = methods().filter(method -> method.name.equals(wanted.name())).toList();
    List<MethodNode> found =
        named.stream()
            .filter(method ->
                wanted.parameters().map(p -> SourceNames.match(p, method.desc)).orElse(true))
            .toList();
    if (named.isEmpty()) {
      throw missing();
    }
    if (found.isEmpty()) {
      throw new NoFit(
          "method-missing",
          "Wanted the method "
              + wanted
              + "; found "
              + list(named)
              + ". Write: in "
              + paste(closest(named), named)
              + ".");
    }
    if (found.size() > 1) {
      throw new NoFit(
          "method-ambiguous",
          "Wanted one method "
              + wanted
              + "; found "
              + found.size()
              + ". Write one of: "
              + found.stream().map(m -> "in " + paste(m, found)).collect(Collectors.joining("; "))
              + ".");
    }
    return withCode(found.get(0));
  }

  private MethodNode withCode(MethodNode method) {
    if ((method.access & (Opcodes.ACC_ABSTRACT | Opcodes.ACC_NATIVE)) != 0) {
      boolean isNative = (method.access & Opcodes.ACC_NATIVE) != 0;
      throw new NoFit(
          "method-body",
          "Wanted the code of "
              + wanted
              + "; found "
              + (isNative ? "a native" : "an abstract")
              + " method, which has none. Name "
              + (isNative ? "the method that calls it" : "the class that implements it")
              + " after 'in'.");
    }
    return method;
  }

  private NoFit missing() {
    boolean bridge = owner.methods.stream().anyMatch(m -> m.name.equals(wanted.name()));
    if (bridge) {
      throw new NoFit(
          "method-missing",
          "Wanted the method "
              + wanted
              + "; found only a bridge of the compiler's, which hands the call on to "
              + SourceNames.className(owner.superName)
              + " or another method. Write: in "
              + SourceNames.className(owner.superName)
              + "."
              + wanted.name()
              + ".");
    }
    List<String> names = methods().map(m -> m.name).distinct().toList();
    List<String> near = Spelling.nearest(wanted.name(), names, 3);
    List<MethodNode> shown =
        methods().filter(m -> near.isEmpty() || near.contains(m.name)).limit(MOST_LISTED).toList();
    String hint =
        near.isEmpty()
            ? "Name one of them after 'in', or the class that has the method."
            : "Write: in " + paste(shown.get(0), shown) + ".";
    return new NoFit(
        "method-missing",
        "Wanted the method "
            + wanted
            + "; the class has "
            + (shown.isEmpty() ? "no method at all" : list(shown))
            + ". "
            + hint);
  }

  private Stream<MethodNode> methods() {
    return owner.methods.stream().filter(m -> (m.access & Opcodes.ACC_BRIDGE) == 0);
  }

  private MethodNode closest(List<MethodNode> named) {
    List<String> all = named.stream().map(m -> paste(m, named)).toList();
    String near = Spelling.nearest(wanted.toString(), all).orElse(all.get(0));
    return named.get(all.indexOf(near));
  }

  private String list(List<MethodNode> methods) {
    return methods.stream()
        .map(m -> paste(m, methods).substring(SourceNames.className(owner.name).length() + 1))
        .collect(Collectors.joining(", "));
  }

  /** A reference that names this method and none of the others. */
  private String paste(MethodNode method, List<MethodNode> others) {
    String name = SourceNames.className(owner.name);
    String brief = SourceNames.method(name, method.name, method.desc);
    long same =
        others.stream().filter(m -> SourceNames.method(name, m.name, m.desc).equals(brief)).count();
    return same > 1 ? SourceNames.methodInFull(name, method.name, method.desc) : brief;
  }
}
