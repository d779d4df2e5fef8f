package dev.tapscope.hooks;

import dev.tapscope.profile.MethodRef;
import dev.tapscope.profile.Spelling;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.tree.ClassNode;

/** Looks for classes a profile may have meant. */
final class ClassSearch {
  private static final int MOST = 3;

  private final ClassPath classes;

  ClassSearch(ClassPath classes) {
    this.classes = classes;
  }

  /** {@code Outer$Inner} for {@code a.b.Outer$Inner}. */
  static String simple(String name) {
    return name.substring(name.lastIndexOf('.') + 1);
  }

  /** Classes of that name in other packages, then classes with names like it; the best first. */
  List<String> near(String name) {
    String simple = simple(name);
    List<String> same =
        classes.names().stream().filter(other -> simple(other).equals(simple)).sorted().toList();
    List<String> simples = classes.names().stream().map(ClassSearch::simple).distinct().toList();
    Stream<String> alike =
        Spelling.nearest(simple, simples, MOST).stream()
            .flatMap(near ->
                classes.names().stream().filter(other -> simple(other).equals(near)).sorted());
    return Stream.concat(same.stream(), alike).distinct().limit(MOST).toList();
  }

  /** {@code Wanted class a.B; none of the 12 classes there has that name. Like it are ...} */
  String missing(String name, List<String> near) {
    int count = classes.names().size();
    return "Wanted class "
        + name
        + "; "
        + (count == 0
            ? "there is no class at all to look in."
            : "none of the " + count + " classes there has that name.")
        + (near.isEmpty() ? "" : " The nearest: " + String.join(", ", near) + ".");
  }

  /** Whether a class, or one above it, has the method with one int; true where that leaves here. */
  boolean decodes(MethodRef decoder) {
    Set<String> seen = new HashSet<>();
    Optional<ClassFile> at = classes.find(decoder.owner());
    while (at.isPresent() && seen.add(at.get().name())) {
      ClassNode type = new ClassNode();
      try {
        new ClassReader(at.get().bytes()).accept(type, ClassReader.SKIP_CODE);
      } catch (RuntimeException e) {
        return false; // a damaged class has no method that can be called
      }
      boolean found =
          type.methods.stream()
              .anyMatch(m ->
                  m.name.equals(decoder.name())
                      && m.desc.startsWith("(I)")
                      && (m.access & Opcodes.ACC_BRIDGE) == 0);
      if (found) {
        return true;
      }
      if (type.superName == null || type.superName.equals("java/lang/Object")) {
        return false;
      }
      at = classes.find(type.superName.replace('/', '.'));
    }
    return true;
  }
}
