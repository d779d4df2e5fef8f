package dev.tapscope.weave;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.objectweb.asm.Handle;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.InsnList;
import org.objectweb.asm.tree.InsnNode;
import org.objectweb.asm.tree.InvokeDynamicInsnNode;
import org.objectweb.asm.tree.MethodInsnNode;
import org.objectweb.asm.tree.MethodNode;
import org.objectweb.asm.tree.VarInsnNode;

/**
 * Weaves placements into one method, each as straight-line code:
 *
 * <pre>
 *   load value
 *   load captures
 *   invokedynamic tap (V, C...)V
 *   store value          or pop, where only its contents can change
 * </pre>
 *
 * <p>No branch, no label, no handler: the method's frames stay as they are. Arguments of a call and
 * values on the stack are moved through fresh variables past the method's own, which are dead in
 * every frame.
 */
final class Insertion {
  /** {@code dev.tapscope.boot.TapBridge.bootstrap}, by name: nothing here may load the bridge. */
  static final Handle BOOTSTRAP =
      new Handle(
          Opcodes.H_INVOKESTATIC,
          "dev/tapscope/boot/TapBridge",
          "bootstrap",
          "(Ljava/lang/invoke/MethodHandles$Lookup;Ljava/lang/String;Ljava/lang/invoke/MethodType;"
              + "Ljava/lang/String;Ljava/lang/String;)Ljava/lang/invoke/CallSite;",
          false);

  private final MethodNode method;
  private final String profile;
  private final Map<AbstractInsnNode, AbstractInsnNode> lastBehind = new IdentityHashMap<>();
  private final List<Runnable> copies = new ArrayList<>();

  Insertion(MethodNode method, String profile) {
    this.method = method;
    this.profile = profile;
  }

  /** Weaves all placements of the method; those at one point fire in the order given. */
  void weave(List<Placement> placements) {
    placements.forEach(this::weave);
    // Copies of arguments are taken last and so nearest to the call: a tap before the same call
    // that replaces an argument is seen by one after it.
    copies.forEach(Runnable::run);
  }

  private void weave(Placement placement) {
    Point point = placement.point();
    InsnList code = new InsnList();
    Spilled arguments = spilledArguments(placement);
    if (!arguments.isEmpty()) {
      if (point.after()) {
        copies.add(() -> method.instructions.insertBefore(point.anchor(), arguments.copy()));
      } else {
        code.add(arguments.store());
      }
    }
    boolean onTop = placement.value() instanceof Held.Result && valueNeededOnce(placement);
    VarInsnNode result = null;
    if (!onTop && results(placement).findAny().isPresent()) {
      Type type = results(placement).findFirst().orElseThrow().type();
      result = store(fresh(type), type);
      code.add(result);
    }
    if (!onTop) {
      code.add(load(placement.value(), arguments, result));
    }
    for (Held capture : placement.captures()) {
      code.add(load(capture, arguments, result));
    }
    code.add(call(placement));
    if (!onTop) {
      code.add(
          placement.assignable()
              ? storeBack(placement.value(), arguments, result)
              : new InsnNode(Opcodes.POP));
    }
    if (!point.after() && !arguments.isEmpty()) {
      code.add(arguments.load());
    }
    if (result != null) {
      code.add(loadAgain(result, results(placement).findFirst().orElseThrow().type()));
    }
    insert(point, code);
  }

  private void insert(Point point, InsnList code) {
    if (!point.after()) {
      method.instructions.insertBefore(point.anchor(), code);
      return;
    }
    AbstractInsnNode last = code.getLast();
    method.instructions.insert(lastBehind.getOrDefault(point.anchor(), point.anchor()), code);
    lastBehind.put(point.anchor(), last);
  }

  private InvokeDynamicInsnNode call(Placement placement) {
    Type value = placement.value().type();
    Type[] parameters =
        Stream.concat(Stream.of(value), placement.captures().stream().map(Held::type))
            .toArray(Type[]::new);
    return new InvokeDynamicInsnNode(
        "tap",
        Type.getMethodDescriptor(value, parameters),
        BOOTSTRAP,
        profile,
        placement.site().name());
  }

  /** Whether a result can stay on the stack: it is replaced whole, and no capture reads it. */
  private static boolean valueNeededOnce(Placement placement) {
    return placement.assignable()
        && placement.captures().stream().noneMatch(Held.Result.class::isInstance);
  }

  private static Stream<Held> results(Placement placement) {
    return held(placement).filter(Held.Result.class::isInstance);
  }

  private static Stream<Held> held(Placement placement) {
    return Stream.concat(Stream.of(placement.value()), placement.captures().stream());
  }

  private AbstractInsnNode load(Held held, Spilled arguments, VarInsnNode result) {
    if (held instanceof Held.InSlot variable) {
      return load(variable.slot(), variable.type());
    }
    if (held instanceof Held.CallArgument argument) {
      return load(arguments.slot(argument.index()), argument.type());
    }
    return loadAgain(result, held.type());
  }

  private AbstractInsnNode storeBack(Held held, Spilled arguments, VarInsnNode result) {
    if (held instanceof Held.InSlot variable) {
      return store(variable.slot(), variable.type());
    }
    if (held instanceof Held.CallArgument argument) {
      return store(arguments.slot(argument.index()), argument.type());
    }
    return store(result.var, held.type());
  }

  private static AbstractInsnNode loadAgain(VarInsnNode stored, Type type) {
    return load(stored.var, type);
  }

  private static VarInsnNode load(int slot, Type type) {
    return new VarInsnNode(type.getOpcode(Opcodes.ILOAD), slot);
  }

  private static VarInsnNode store(int slot, Type type) {
    return new VarInsnNode(type.getOpcode(Opcodes.ISTORE), slot);
  }

  private int fresh(Type type) {
    int slot = method.maxLocals;
    method.maxLocals += type.getSize();
    return slot;
  }

  private Spilled spilledArguments(Placement placement) {
    int lowest =
        held(placement)
            .filter(Held.CallArgument.class::isInstance)
            .mapToInt(held -> ((Held.CallArgument) held).index())
            .min()
            .orElse(-1);
    if (lowest < 0) {
      return new Spilled(0, List.of(), List.of());
    }
    MethodInsnNode call = placement.point().call().orElseThrow();
    List<Type> types = List.of(Type.getArgumentTypes(call.desc));
    List<Type> spilled = types.subList(lowest, types.size());
    return new Spilled(lowest, spilled, spilled.stream().map(this::fresh).toList());
  }

  /** The last arguments of a call, from {@code first} on, in variables of their own. */
  private record Spilled(int first, List<Type> types, List<Integer> slots) {
    boolean isEmpty() {
      return types.isEmpty();
    }

    int slot(int argument) {
      return slots.get(argument - first);
    }

    /** Stack to variables. */
    InsnList store() {
      InsnList code = new InsnList();
      for (int i = types.size() - 1; i >= 0; i--) {
        code.add(Insertion.store(slots.get(i), types.get(i)));
      }
      return code;
    }

    /** Variables to stack. */
    InsnList load() {
      InsnList code = new InsnList();
      for (int i = 0; i < types.size(); i++) {
        code.add(Insertion.load(slots.get(i), types.get(i)));
      }
      return code;
    }

    /** Leaves the stack as it is and a copy in the variables. */
    InsnList copy() {
      InsnList code = store();
      code.add(load());
      return code;
    }
  }
}
