package dev.tapscope.weave;

import dev.tapscope.profile.Operand.Root;
import dev.tapscope.profile.Spelling;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.LocalVariableNode;
import org.objectweb.asm.tree.MethodInsnNode;
import org.objectweb.asm.tree.VarInsnNode;
import org.objectweb.asm.tree.analysis.BasicInterpreter;
import org.objectweb.asm.tree.analysis.BasicValue;
import org.objectweb.asm.tree.analysis.Frame;

/** Finds the roots of operands at one point of a method. */
final class Roots {
  private final MethodCode code;
  private final Point point;
  private final Frame<BasicValue> state;

  Roots(MethodCode code, Point point) {
    this.code = code;
    this.point = point;
    this.state =
        point.after() ? code.flow().after(point.anchor()) : code.flow().before(point.anchor());
  }

  /** {@code line 40 of Block.forward}. */
  String place() {
    return code.place(point.anchor()) + " of " + code.name();
  }

  MethodCode code() {
    return code;
  }

  MethodInsnNode call() {
    return point.call().orElseThrow();
  }

  /** Type of the object whose method a call that has returned was of. */
  Type receiverBefore(MethodInsnNode call, int arguments) {
    Roots before = new Roots(code, Point.at(call, Point.Side.BEFORE));
    return before.usable("call this", arguments);
  }

  Held find(Root root) {
    if (root instanceof Root.This) {
      return self();
    }
    if (root instanceof Root.Arg arg) {
      return parameter(arg.index());
    }
    if (root instanceof Root.Local local) {
      return local(local.name());
    }
    if (root instanceof Root.Slot slot) {
      return slot(slot.index());
    }
    if (root instanceof Root.Stack stack) {
      return new Held.OnStack(stack.depth(), usable(stack.toString(), stack.depth()));
    }
    if (root instanceof Root.CallArg || root instanceof Root.CallThis) {
      return new CallRoots(this, point).find(root);
    }
    if (root instanceof Root.IndexOf index) {
      return new CallRoots(this, point).index(index);
    }
    if (root instanceof Root.Return) {
      return result();
    }
    throw new IllegalArgumentException(root + " is not passed");
  }

  private Held self() {
    if (code.isStatic()) {
      throw new NoFit(
          "this-missing",
          "Wanted 'this' in "
              + code.name()
              + "; found a static method, which has none. Its parameters are "
              + parameters()
              + "; write one of them as 'arg N', with a path of fields where needed.");
    }
    return new Held.InSlot(0, Type.getObjectType(code.owner().name), false);
  }

  private Held parameter(int index) {
    Type[] types = Type.getArgumentTypes(code.method().desc);
    if (index >= types.length) {
      throw new NoFit(
          "arg-missing",
          "Wanted 'arg " + index + "' of " + code.name() + "; found " + parameters() + ".");
    }
    int slot = code.slotOfParameter(index);
    rejectStale("arg " + index, slot);
    return new Held.InSlot(slot, narrowed(slot, types[index], "arg " + index), true);
  }

  private String parameters() {
    Type[] types = Type.getArgumentTypes(code.method().desc);
    List<String> all = new ArrayList<>();
    for (int i = 0; i < types.length; i++) {
      all.add("arg " + i + " (" + SourceNames.brief(types[i]) + ")");
    }
    return all.isEmpty() ? "no parameters" : String.join(", ", all);
  }

  private Held local(String name) {
    List<LocalVariableNode> visible = code.variablesAt(point);
    LocalVariableNode variable =
        visible.stream()
            .filter(v -> v.name.equals(name))
            .findFirst()
            .orElseThrow(() -> noLocal(name, visible));
    rejectStale(name, variable.index);
    Type declared = Type.getType(variable.desc);
    return new Held.InSlot(
        variable.index, narrowed(variable.index, declared, "local " + name), !name.equals("this"));
  }

  private NoFit noLocal(String name, List<LocalVariableNode> visible) {
    String wanted = "Wanted 'local " + name + "' at " + place();
    if (!code.hasVariables()) {
      return new NoFit(
          "local-missing",
          wanted
              + "; found that the class was compiled without names of variables (no"
              + " LocalVariableTable). Compile it with -g, or write 'slot N'; in use are "
              + slots()
              + ".");
    }
    List<LocalVariableNode> elsewhere =
        code.variables().stream().filter(v -> v.name.equals(name)).toList();
    String inScope =
        visible.isEmpty()
            ? "no variable in scope there"
            : "in scope "
                + visible.stream()
                    .map(v ->
                        v.name
                            + " ("
                            + SourceNames.brief(Type.getType(v.desc))
                            + ", slot "
                            + v.index
                            + ")")
                    .collect(Collectors.joining(", "));
    String hint =
        elsewhere.isEmpty()
            ? Spelling.nearest(name, visible.stream().map(v -> v.name).toList())
                .map(near -> "Write: local " + near + ".")
                .or(() -> misspeltElsewhere(name))
                .orElse("Name one of them, or move the tap to where '" + name + "' lives.")
            : livesElsewhere(elsewhere);
    return new NoFit("local-missing", wanted + "; found " + inScope + ". " + hint);
  }

  private Optional<String> misspeltElsewhere(String name) {
    List<String> names = code.variables().stream().map(v -> v.name).toList();
    return Spelling.nearest(name, names)
        .map(near -> code.variables().stream().filter(v -> v.name.equals(near)).toList())
        .map(this::livesElsewhere);
  }

  private String livesElsewhere(List<LocalVariableNode> variables) {
    LocalVariableNode first = variables.get(0);
    return "The variable '"
        + first.name
        + "' lives from "
        + code.place(first.start)
        + " on; write: after store local "
        + first.name
        + " 1 of "
        + stores(variables)
        + ".";
  }

  private long stores(List<LocalVariableNode> variables) {
    return code.stores().stream()
        .filter(store -> variables.stream().anyMatch(v -> code.assigns(store, v)))
        .count();
  }

  private Held slot(int slot) {
    BasicValue value = slot < code.method().maxLocals ? state.getLocal(slot) : null;
    if (value == null || !isUsable(value)) {
      throw new NoFit(
          "slot-missing",
          "Wanted 'slot "
              + slot
              + "' at "
              + place()
              + "; found nothing usable in it. In use are "
              + slots()
              + ".");
    }
    rejectStale("slot " + slot, slot);
    boolean self = slot == 0 && !code.isStatic();
    return new Held.InSlot(slot, value.getType(), !self);
  }

  private String slots() {
    List<String> used = new ArrayList<>();
    for (int i = 0; i < code.method().maxLocals; i++) {
      BasicValue value = state.getLocal(i);
      if (value != null && isUsable(value)) {
        used.add("slot " + i + " (" + SourceNames.brief(value.getType()) + ")");
      }
    }
    return used.isEmpty() ? "no slots" : String.join(", ", used);
  }

  /** Type of what lies so many values below the top of the stack, if a tap can take it. */
  Type usable(String what, int depth) {
    int size = state.getStackSize();
    BasicValue value = depth < size ? state.getStack(size - 1 - depth) : null;
    if (value == null || !isUsable(value)) {
      throw new NoFit(
          "stack-missing",
          "Wanted '"
              + what
              + "' at "
              + place()
              + "; found "
              + (depth < size
                  ? "an object there that is not yet constructed, or a bare null"
                  : stack())
              + ". Name another operand, or another place.");
    }
    return value.getType();
  }

  private String stack() {
    int size = state.getStackSize();
    List<String> all = new ArrayList<>();
    for (int depth = 0; depth < size; depth++) {
      BasicValue value = state.getStack(size - 1 - depth);
      all.add(
          new Root.Stack(depth)
              + " ("
              + (value.getType() == null ? "?" : SourceNames.brief(value.getType()))
              + ")");
    }
    return all.isEmpty() ? "an empty stack" : "only " + String.join(", ", all);
  }

  /** Types of the values on the stack, the topmost first, as far as one of that depth. */
  List<Type> stackDownTo(int depth) {
    List<Type> types = new ArrayList<>();
    for (int i = 0; i <= depth; i++) {
      BasicValue value = state.getStack(state.getStackSize() - 1 - i);
      types.add(isUsable(value) ? value.getType() : Type.getType(Object.class));
    }
    return types;
  }

  private Held result() {
    Type type =
        point
            .call()
            .map(call -> Type.getReturnType(call.desc))
            .orElseGet(() -> Type.getReturnType(code.method().desc));
    if (type.getSort() == Type.VOID) {
      throw new NoFit(
          "return-missing",
          "Wanted 'return' at "
              + place()
              + "; found that "
              + point.call().map(call -> call.name).orElse(code.method().name)
              + " returns nothing. "
              + (point.call().isPresent()
                  ? "What it wrote into is an argument: write 'call arg N'."
                  : "Write 'arg N', 'local NAME' or a field of 'this'."));
    }
    return new Held.OnStack(0, type);
  }

  /**
   * Type of a variable as the verifier sees it at the point: storing back a value of that very type
   * can break nothing behind it. The declared type stands in where the variable holds a bare null.
   */
  private Type narrowed(int slot, Type declared, String what) {
    BasicValue value = state.getLocal(slot);
    if (value == null || value.getType() == null) {
      throw new NoFit(
          "local-missing",
          "Wanted '"
              + what
              + "' at "
              + place()
              + "; found that it has no value on every path to there. In use are "
              + slots()
              + ".");
    }
    boolean reference = declared.getSort() == Type.OBJECT || declared.getSort() == Type.ARRAY;
    return reference && !isNull(value) ? value.getType() : declared;
  }

  /** A tap can take neither what is not whole nor what has no type of its own. */
  private static boolean isUsable(BasicValue value) {
    return value.getType() != null && !isNull(value) && !(value instanceof TypeFlow.Unfinished);
  }

  private static boolean isNull(BasicValue value) {
    return value.isReference() && BasicInterpreter.NULL_TYPE.equals(value.getType());
  }

  /** Behind {@code y = f(x)} the call has returned, but y still holds what it held before. */
  private void rejectStale(String name, int slot) {
    if (point.call().isEmpty() || !point.after()) {
      return;
    }
    AbstractInsnNode next = point.anchor().getNext();
    while (next != null && (next.getOpcode() < 0 || next.getOpcode() == Opcodes.CHECKCAST)) {
      next = next.getNext();
    }
    boolean returns = Type.getReturnType(point.call().get().desc).getSort() != Type.VOID;
    if (returns && next instanceof VarInsnNode store && isStore(store) && store.var == slot) {
      throw new NoFit(
          "local-stale",
          "Wanted '"
              + name
              + "' right after the call at "
              + place()
              + "; found that it is assigned only behind it and still holds its old value there."
              + " Write: value return, or: after store.");
    }
  }

  private static boolean isStore(VarInsnNode at) {
    return at.getOpcode() >= Opcodes.ISTORE && at.getOpcode() <= Opcodes.ASTORE;
  }
}
