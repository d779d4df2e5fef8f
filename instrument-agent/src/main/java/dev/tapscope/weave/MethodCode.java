package dev.tapscope.weave;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.FieldInsnNode;
import org.objectweb.asm.tree.LineNumberNode;
import org.objectweb.asm.tree.LocalVariableNode;
import org.objectweb.asm.tree.MethodInsnNode;
import org.objectweb.asm.tree.MethodNode;
import org.objectweb.asm.tree.TypeInsnNode;
import org.objectweb.asm.tree.VarInsnNode;

/** One method of a class with its code, before anything is woven into it. */
final class MethodCode {
  private final ClassNode owner;
  private final MethodNode method;
  private final String name;
  private final TypeFlow flow;
  private final Map<AbstractInsnNode, Integer> positions = new IdentityHashMap<>();

  private Optional<Sources> sources = Optional.empty();

  MethodCode(ClassNode owner, MethodNode method) {
    this(owner, method, SourceNames.brief(Type.getObjectType(owner.name)) + "." + method.name);
  }

  /**
   * @param name {@code Block.forward lambda 1 of 2}, for sentences
   */
  MethodCode(ClassNode owner, MethodNode method, String name) {
    this.owner = owner;
    this.method = method;
    this.name = name;
    this.flow = new TypeFlow(owner.name, method);
    int position = 0;
    for (AbstractInsnNode at : method.instructions) {
      positions.put(at, position);
      position += at.getOpcode() >= 0 ? 1 : 0;
    }
  }

  ClassNode owner() {
    return owner;
  }

  MethodNode method() {
    return method;
  }

  TypeFlow flow() {
    return flow;
  }

  /** Where values come from; found when it is first asked for. */
  Sources sources() {
    if (sources.isEmpty()) {
      sources = Optional.of(new Sources(owner.name, method));
    }
    return sources.get();
  }

  /** {@code Block.forward}, for sentences. */
  String name() {
    return name;
  }

  /** {@code name + descriptor}: what tells it from the other methods of its class. */
  String key() {
    return method.name + method.desc;
  }

  boolean isStatic() {
    return (method.access & Opcodes.ACC_STATIC) != 0;
  }

  /** Number of instructions before a node: labels and lines do not count. */
  int position(AbstractInsnNode node) {
    return positions.get(node);
  }

  /** {@code line 40}, or the number of the instruction in a class compiled without lines. */
  String place(AbstractInsnNode node) {
    int line = line(node);
    return line > 0 ? "line " + line : "instruction " + position(node);
  }

  /** Line of the source, 0 in a class compiled without lines. */
  int line(AbstractInsnNode node) {
    for (AbstractInsnNode at = node; at != null; at = at.getPrevious()) {
      if (at instanceof LineNumberNode line) {
        return line.line;
      }
    }
    for (AbstractInsnNode at = node; at != null && at.getOpcode() < 0; at = at.getNext()) {
      if (at instanceof LineNumberNode line) {
        return line.line;
      }
    }
    return 0;
  }

  String places(List<? extends AbstractInsnNode> nodes) {
    return nodes.stream().map(this::place).collect(Collectors.joining(", "));
  }

  /** All calls in bytecode order; {@code invokedynamic} is none. */
  List<MethodInsnNode> calls() {
    return all(MethodInsnNode.class);
  }

  /** All stores to variables in bytecode order. */
  List<VarInsnNode> stores() {
    return all(VarInsnNode.class).stream()
        .filter(at -> at.getOpcode() >= Opcodes.ISTORE && at.getOpcode() <= Opcodes.ASTORE)
        .toList();
  }

  /** All stores to fields in bytecode order. */
  List<FieldInsnNode> puts() {
    return all(FieldInsnNode.class).stream()
        .filter(at -> at.getOpcode() == Opcodes.PUTFIELD || at.getOpcode() == Opcodes.PUTSTATIC)
        .toList();
  }

  /** All stores to elements of arrays in bytecode order. */
  List<AbstractInsnNode> elementStores() {
    return all(AbstractInsnNode.class).stream()
        .filter(at -> at.getOpcode() >= Opcodes.IASTORE && at.getOpcode() <= Opcodes.SASTORE)
        .toList();
  }

  List<AbstractInsnNode> returns() {
    return all(AbstractInsnNode.class).stream()
        .filter(at -> at.getOpcode() >= Opcodes.IRETURN && at.getOpcode() <= Opcodes.RETURN)
        .toList();
  }

  private <T> List<T> all(Class<T> kind) {
    List<T> found = new ArrayList<>();
    for (AbstractInsnNode at : method.instructions) {
      if (kind.isInstance(at)) {
        found.add(kind.cast(at));
      }
    }
    return found;
  }

  /**
   * The call of another constructor a constructor begins with: the one {@code <init>} call without
   * a {@code new} of its own before it. Empty in other methods, and where code is written so oddly
   * that it has none or several.
   */
  Optional<MethodInsnNode> superCall() {
    List<MethodInsnNode> found = new ArrayList<>();
    if (method.name.equals("<init>")) {
      int pending = 0;
      for (AbstractInsnNode at : method.instructions) {
        if (at instanceof TypeInsnNode && at.getOpcode() == Opcodes.NEW) {
          pending++;
        } else if (at instanceof MethodInsnNode call && call.name.equals("<init>")) {
          if (pending == 0) {
            found.add(call);
          } else {
            pending--;
          }
        }
      }
    }
    return found.size() == 1 ? Optional.of(found.get(0)) : Optional.empty();
  }

  /** Whether the class was compiled with names of local variables here. */
  boolean hasVariables() {
    return method.localVariables != null && !method.localVariables.isEmpty();
  }

  List<LocalVariableNode> variables() {
    return method.localVariables == null ? List.of() : method.localVariables;
  }

  /** The named variables a point can see; of two with one name, the one declared last. */
  List<LocalVariableNode> variablesAt(Point point) {
    int position = position(point.anchor());
    // A compiler opens the range of a variable behind the store that initialises it.
    int opened = point.after() ? position + 1 : position;
    return variables().stream()
        .filter(v -> position(v.start) <= opened && position < position(v.end))
        .sorted(Comparator.<LocalVariableNode>comparingInt(v -> position(v.start)).reversed())
        .toList();
  }

  /** Whether a store assigns a named variable, as its first value or later. */
  boolean assigns(VarInsnNode store, LocalVariableNode variable) {
    int position = position(store);
    return store.var == variable.index
        && position(variable.start) <= position + 1
        && position < position(variable.end);
  }

  /** Whether an instruction uses a named variable where it lives. */
  boolean uses(AbstractInsnNode at, int slot, LocalVariableNode variable) {
    int position = position(at);
    return slot == variable.index
        && position(variable.start) <= position
        && position < position(variable.end);
  }

  /** Slot of a parameter, {@code this} not counted. */
  int slotOfParameter(int index) {
    int slot = isStatic() ? 0 : 1;
    Type[] types = Type.getArgumentTypes(method.desc);
    for (int i = 0; i < index; i++) {
      slot += types[i].getSize();
    }
    return slot;
  }
}
