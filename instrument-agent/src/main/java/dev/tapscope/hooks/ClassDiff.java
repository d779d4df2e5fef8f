package dev.tapscope.hooks;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.MethodNode;
import org.objectweb.asm.util.Textifier;
import org.objectweb.asm.util.TraceMethodVisitor;

/** Compares two forms of a class method by method, as bytecode a person can read. */
final class ClassDiff {
  private ClassDiff() {}

  static String of(WovenClass both) {
    StringBuilder out = new StringBuilder();
    out.append("--- ").append(both.name()).append(" (original)\n");
    out.append("+++ ").append(both.name()).append(" (woven)\n");
    Map<String, List<String>> before = methods(both.original());
    Map<String, List<String>> after = methods(both.woven());
    after.forEach((method, code) -> {
      List<String> changed = LineDiff.of(before.getOrDefault(method, List.of()), code);
      if (!changed.isEmpty()) {
        out.append("@@ ").append(method).append(" @@\n");
        changed.forEach(line -> out.append(line).append('\n'));
      }
    });
    return out.toString();
  }

  /** Code by name and descriptor, in the order of the class file. */
  static Map<String, List<String>> methods(byte[] classFile) {
    ClassNode type = new ClassNode();
    new ClassReader(classFile).accept(type, 0);
    Map<String, List<String>> methods = new LinkedHashMap<>();
    for (MethodNode method : type.methods) {
      Textifier text = new Textifier();
      method.accept(new TraceMethodVisitor(text));
      StringWriter lines = new StringWriter();
      text.print(new PrintWriter(lines, true));
      methods.put(method.name + method.desc, lines.toString().lines().toList());
    }
    return methods;
  }
}
