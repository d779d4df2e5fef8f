package dev.tapscope.census;

import dev.tapscope.weave.CodeSizes;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.ToIntFunction;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.MethodTooLargeException;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.MethodNode;

/**
 * Taps every tensor of a class: parameters at entry, results of calls, stores to variables, puts to
 * fields, returned values. Pure, and as the profile's weaver straight-line code only; a value is
 * looked at and never replaced. Constructors are left alone.
 */
final class CensusWeaver {
  /** HotSpot only interprets methods that are larger. */
  private static final int COMPILED = 8000;

  private final byte[] original;
  private final Set<String> tensors;
  private final Set<String> left = new HashSet<>();
  private final List<String> notes = new ArrayList<>();

  private CensusWeaver(byte[] original, Set<String> tensors) {
    this.original = original;
    this.tensors = tensors;
  }

  /**
   * What came of a class.
   *
   * @param bytes the woven class; empty when it shows no tensor
   * @param places what was tapped
   * @param notes sentences about methods that were left out
   */
  record Result(Optional<byte[]> bytes, List<Place> places, List<String> notes) {}

  /**
   * Taps a class.
   *
   * @param classFile of Java 7 or later
   * @param tensors descriptors of the types to look at
   * @param numbered gives a place its number, from its text: a number is never given twice
   * @throws RuntimeException whatever ASM throws at a damaged class
   */
  static Result weave(byte[] classFile, Set<String> tensors, ToIntFunction<String> numbered) {
    return new CensusWeaver(classFile, tensors).weave(numbered);
  }

  private Result weave(ToIntFunction<String> numbered) {
    ClassReader reader = new ClassReader(original);
    Map<String, Integer> before = CodeSizes.of(reader);
    while (true) {
      ClassNode type = new ClassNode();
      reader.accept(type, ClassReader.EXPAND_FRAMES);
      List<Place> places = new ArrayList<>();
      for (MethodNode method : type.methods) {
        if (worthwhile(method)) {
          places.addAll(new MethodCensus(type, method, tensors, numbered).weave());
        }
      }
      if (places.isEmpty()) {
        return new Result(Optional.empty(), List.of(), notes);
      }
      ClassWriter writer = new ClassWriter(reader, ClassWriter.COMPUTE_MAXS);
      type.accept(writer);
      try {
        byte[] woven = writer.toByteArray();
        if (!leaveOut(type, before, CodeSizes.of(new ClassReader(woven)))) {
          return new Result(Optional.of(woven), places, notes);
        }
      } catch (MethodTooLargeException e) {
        leaveOut(type, e.getMethodName() + e.getDescriptor(), e.getCodeSize());
      }
    }
  }

  private boolean worthwhile(MethodNode method) {
    int codeless = Opcodes.ACC_ABSTRACT | Opcodes.ACC_NATIVE | Opcodes.ACC_BRIDGE;
    return (method.access & codeless) == 0
        && !method.name.startsWith("<")
        && !left.contains(method.name + method.desc);
  }

  private boolean leaveOut(
      ClassNode type, Map<String, Integer> before, Map<String, Integer> after) {
    boolean any = false;
    for (Map.Entry<String, Integer> method : after.entrySet()) {
      if (method.getValue() >= COMPILED && before.get(method.getKey()) < method.getValue()) {
        leaveOut(type, method.getKey(), method.getValue());
        any = true;
      }
    }
    return any;
  }

  private void leaveOut(ClassNode type, String method, int size) {
    left.add(method);
    notes.add(
        "Method "
            + type.name.replace('/', '.')
            + "."
            + method.substring(0, method.indexOf('('))
            + " was left out: with the census it would have "
            + size
            + " bytes of code, and HotSpot only interprets methods of "
            + COMPILED
            + " and more. The methods it calls are looked at.");
  }
}
