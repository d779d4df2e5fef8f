package dev.tapscope.weave;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.FieldInsnNode;
import org.objectweb.asm.tree.MethodInsnNode;
import org.objectweb.asm.tree.MethodNode;
import org.objectweb.asm.tree.VarInsnNode;
import org.objectweb.asm.tree.analysis.Analyzer;
import org.objectweb.asm.tree.analysis.AnalyzerException;
import org.objectweb.asm.tree.analysis.Frame;
import org.objectweb.asm.tree.analysis.SourceInterpreter;
import org.objectweb.asm.tree.analysis.SourceValue;

/**
 * Which instruction a value comes from. Followed are casts, copies, and variables with one source;
 * where a value has several sources, or is a parameter, it comes from nowhere.
 */
final class Sources {
  private final MethodNode method;
  private final Frame<SourceValue>[] frames;

  Sources(String owner, MethodNode method) {
    this.method = method;
    try {
      frames = new Analyzer<>(new SourceInterpreter()).analyze(owner, method);
    } catch (AnalyzerException | RuntimeException e) {
      throw NoFit.unfollowed(method, e);
    }
  }

  /** The fields the receiver and the arguments of a call were loaded from, in this order. */
  List<FieldInsnNode> feeding(MethodInsnNode call) {
    List<FieldInsnNode> fields = new ArrayList<>();
    int operands = Type.getArgumentTypes(call.desc).length;
    operands += call.getOpcode() == Opcodes.INVOKESTATIC ? 0 : 1;
    for (int depth = operands - 1; depth >= 0; depth--) {
      onStack(call, depth).flatMap(this::field).ifPresent(fields::add);
    }
    return fields;
  }

  /** The field whose value, or an element of whose value, is stored into by an array store. */
  Optional<FieldInsnNode> fieldStoredInto(AbstractInsnNode arrayStore) {
    return onStack(arrayStore, 2).flatMap(this::field);
  }

  /** The load of the variable an array store goes into, {@code x} of {@code x[t][i] = y}. */
  Optional<VarInsnNode> variableStoredInto(AbstractInsnNode arrayStore) {
    Optional<SourceValue> array = onStack(arrayStore, 2);
    while (array.isPresent()) {
      Optional<AbstractInsnNode> source = single(array.get());
      if (source.isPresent() && source.get().getOpcode() == Opcodes.ALOAD) {
        return source.map(VarInsnNode.class::cast);
      }
      array = source.flatMap(this::container);
    }
    return Optional.empty();
  }

  /** The array load an argument of a call comes from. */
  Optional<AbstractInsnNode> arrayLoad(MethodInsnNode call, int argument) {
    int depth = Type.getArgumentTypes(call.desc).length - 1 - argument;
    return onStack(call, depth).flatMap(this::origin).filter(Sources::isArrayLoad);
  }

  private Optional<FieldInsnNode> field(SourceValue value) {
    Set<AbstractInsnNode> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    Optional<AbstractInsnNode> source = origin(value);
    while (source.isPresent() && isArrayLoad(source.get()) && seen.add(source.get())) {
      source = onStack(source.get(), 1).flatMap(this::origin);
    }
    return source.filter(FieldInsnNode.class::isInstance).map(FieldInsnNode.class::cast);
  }

  /** The instruction that made a value, behind casts, copies and variables. */
  private Optional<AbstractInsnNode> origin(SourceValue value) {
    Set<AbstractInsnNode> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    Optional<AbstractInsnNode> source = single(value);
    while (source.isPresent() && seen.add(source.get())) {
      AbstractInsnNode at = source.get();
      int opcode = at.getOpcode();
      if (opcode >= Opcodes.ILOAD && opcode <= Opcodes.ALOAD) {
        source = frame(at).map(f -> f.getLocal(((VarInsnNode) at).var)).flatMap(Sources::single);
      } else if (passesTop(opcode)) {
        source = onStack(at, 0).flatMap(Sources::single);
      } else {
        return source;
      }
    }
    return Optional.empty();
  }

  /** The array a value was loaded from, or the value before a cast. */
  private Optional<SourceValue> container(AbstractInsnNode source) {
    if (isArrayLoad(source)) {
      return onStack(source, 1);
    }
    return source.getOpcode() == Opcodes.CHECKCAST ? onStack(source, 0) : Optional.empty();
  }

  private static boolean passesTop(int opcode) {
    return opcode == Opcodes.CHECKCAST
        || (opcode >= Opcodes.ISTORE && opcode <= Opcodes.ASTORE)
        || (opcode >= Opcodes.DUP && opcode <= Opcodes.DUP_X2);
  }

  private static boolean isArrayLoad(AbstractInsnNode at) {
    return at.getOpcode() >= Opcodes.IALOAD && at.getOpcode() <= Opcodes.SALOAD;
  }

  private static Optional<AbstractInsnNode> single(SourceValue value) {
    return value.insns.size() == 1 ? Optional.of(value.insns.iterator().next()) : Optional.empty();
  }

  private Optional<SourceValue> onStack(AbstractInsnNode at, int depth) {
    return frame(at).map(frame -> frame.getStack(frame.getStackSize() - 1 - depth));
  }

  /** Empty where the code is never reached. */
  private Optional<Frame<SourceValue>> frame(AbstractInsnNode at) {
    return Optional.ofNullable(frames[method.instructions.indexOf(at)]);
  }
}
