package dev.tapscope.weave;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
 * <p>A call that can be left out becomes {@code invokedynamic around (receiver, arguments, C...)R}.
 *
 * <p>No branch, no label, no handler: the method's frames stay as they are. What lies on the stack
 * above a value that is wanted is moved through fresh variables past the method's own, which are
 * dead in every frame.
 */
final class Insertion {
  private static final String BRIDGE = "dev/tapscope/boot/TapBridge";
  private static final String LOOKUP_NAME_TYPE =
      "(Ljava/lang/invoke/MethodHandles$Lookup;Ljava/lang/String;Ljava/lang/invoke/MethodType;"
          + "Ljava/lang/String;Ljava/lang/String;";

  /** {@code dev.tapscope.boot.TapBridge.bootstrap}, by name: nothing here may load the bridge. */
  static final Handle BOOTSTRAP =
      new Handle(
          Opcodes.H_INVOKESTATIC,
          BRIDGE,
          "bootstrap",
          LOOKUP_NAME_TYPE + ")Ljava/lang/invoke/CallSite;",
          false);

  /** The same for a call that can be left out; the last argument is the call itself. */
  static final Handle BOOTSTRAP_AROUND =
      new Handle(
          Opcodes.H_INVOKESTATIC,
          BRIDGE,
          "bootstrapAround",
          LOOKUP_NAME_TYPE + "Ljava/lang/invoke/MethodHandle;)Ljava/lang/invoke/CallSite;",
          false);

  private final String owner;
  private final MethodNode method;
  private final String profile;
  private final Map<AbstractInsnNode, AbstractInsnNode> lastBehind = new IdentityHashMap<>();
  private final List<Runnable> copies = new ArrayList<>();
  private final List<Runnable> replacements = new ArrayList<>();

  /**
   * @param owner internal name of the method's class
   */
  Insertion(String owner, MethodNode method, String profile) {
    this.owner = owner;
    this.method = method;
    this.profile = profile;
  }

  /** Weaves all placements of the method; those at one point fire in the order given. */
  void weave(List<Placement> placements) {
    for (Placement placement : placements) {
      if (placement.point().around()) {
        replacements.add(() -> replace(placement));
      } else {
        tap(placement);
      }
    }
    // Copies of arguments are taken last and so nearest to the call: a tap before the same call
    // that replaces an argument is seen by one after it, and by one around it.
    copies.forEach(Runnable::run);
    replacements.forEach(Runnable::run);
  }

  private void tap(Placement placement) {
    Held value = placement.value().orElseThrow();
    InsnList code = new InsnList();
    Loads loads = new Loads(placement);
    boolean onTop = staysOnTop(placement);
    if (!onTop) {
      code.add(loads.stack.store());
      code.add(loads.load(value));
    }
    placement.captures().forEach(capture -> code.add(loads.load(capture)));
    code.add(call(placement, value.type()));
    if (!onTop) {
      code.add(
          placement.storedBack() ? loads.storeBack(value) : new InsnNode(popped(value.type())));
      code.add(loads.stack.load());
    }
    insert(placement.point(), code);
  }

  /** Puts the tap in the place of the call: its operands lie on the stack already. */
  private void replace(Placement placement) {
    MethodInsnNode call = (MethodInsnNode) placement.point().anchor();
    InsnList code = new InsnList();
    Loads loads = new Loads(placement);
    code.add(loads.stack.store());
    code.add(loads.stack.load());
    placement.captures().forEach(capture -> code.add(loads.load(capture)));
    List<Type> operands = new ArrayList<>(List.of(Type.getArgumentTypes(call.desc)));
    if (call.getOpcode() != Opcodes.INVOKESTATIC) {
      boolean special = call.getOpcode() == Opcodes.INVOKESPECIAL;
      operands.add(0, Type.getObjectType(special ? owner : call.owner));
    }
    placement.captures().forEach(capture -> operands.add(capture.type()));
    method.instructions.insertBefore(call, code);
    method.instructions.set(
        call,
        new InvokeDynamicInsnNode(
            "around",
            Type.getMethodDescriptor(Type.getReturnType(call.desc), operands.toArray(Type[]::new)),
            BOOTSTRAP_AROUND,
            profile,
            placement.site().id(),
            handle(call)));
  }

  private static Handle handle(MethodInsnNode call) {
    int kind =
        switch (call.getOpcode()) {
          case Opcodes.INVOKESTATIC -> Opcodes.H_INVOKESTATIC;
          case Opcodes.INVOKESPECIAL -> Opcodes.H_INVOKESPECIAL;
          case Opcodes.INVOKEINTERFACE -> Opcodes.H_INVOKEINTERFACE;
          default -> Opcodes.H_INVOKEVIRTUAL;
        };
    return new Handle(kind, call.owner, call.name, call.desc, call.itf);
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

  private InvokeDynamicInsnNode call(Placement placement, Type value) {
    Type[] parameters =
        Stream.concat(Stream.of(value), placement.captures().stream().map(Held::type))
            .toArray(Type[]::new);
    return new InvokeDynamicInsnNode(
        "tap",
        Type.getMethodDescriptor(value, parameters),
        BOOTSTRAP,
        profile,
        placement.site().id());
  }

  /** Whether the value can stay on the stack: it is replaced whole, and no capture reads it. */
  private static boolean staysOnTop(Placement placement) {
    return placement.storedBack()
        && placement.value().orElseThrow() instanceof Held.OnStack top
        && top.depth() == 0
        && placement.captures().stream().noneMatch(Held.OnStack.class::isInstance);
  }

  private static VarInsnNode load(int slot, Type type) {
    return new VarInsnNode(type.getOpcode(Opcodes.ILOAD), slot);
  }

  private static VarInsnNode store(int slot, Type type) {
    return new VarInsnNode(type.getOpcode(Opcodes.ISTORE), slot);
  }

  private static int popped(Type type) {
    return type.getSize() == 2 ? Opcodes.POP2 : Opcodes.POP;
  }

  private int fresh(Type type) {
    int slot = method.maxLocals;
    method.maxLocals += type.getSize();
    return slot;
  }

  /** Where one placement finds the values it needs; what has to be copied for it is arranged. */
  private final class Loads {
    final Spilled stack;
    private final Optional<MethodInsnNode> callee;
    private final Optional<Spilled> call;
    private final Map<Held, Integer> indexes = new IdentityHashMap<>();

    Loads(Placement placement) {
      boolean onTop = !placement.point().around() && staysOnTop(placement);
      stack = onTop ? new Spilled(List.of()) : new Spilled(placement.stack());
      callee = placement.point().call();
      List<Held> all =
          Stream.concat(placement.value().stream(), placement.captures().stream()).toList();
      call =
          all.stream()
              .filter(Held.CallCopy.class::isInstance)
              .map(Held.CallCopy.class::cast)
              .min(Comparator.comparingInt(Held.CallCopy::index))
              .map(this::copied);
      all.stream()
          .filter(Held.IndexCopy.class::isInstance)
          .forEach(held -> indexes.put(held, copied((Held.IndexCopy) held)));
    }

    /** Keeps the operands of the call, from the lowest that is wanted up. */
    private Spilled copied(Held.CallCopy lowest) {
      MethodInsnNode at = callee.orElseThrow();
      List<Type> arguments = List.of(Type.getArgumentTypes(at.desc));
      List<Type> kept =
          new ArrayList<>(arguments.subList(Math.max(0, lowest.index()), arguments.size()));
      if (lowest.index() == Held.CallCopy.RECEIVER) {
        kept.add(0, lowest.type());
      }
      Collections.reverse(kept);
      Spilled operands = new Spilled(kept);
      copies.add(() -> method.instructions.insertBefore(at, operands.copy()));
      return operands;
    }

    private int copied(Held.IndexCopy index) {
      int slot = fresh(Type.INT_TYPE);
      InsnList code = new InsnList();
      code.add(new InsnNode(Opcodes.DUP));
      code.add(store(slot, Type.INT_TYPE));
      method.instructions.insertBefore(index.load(), code);
      return slot;
    }

    AbstractInsnNode load(Held held) {
      return Insertion.load(slot(held), held.type());
    }

    AbstractInsnNode storeBack(Held held) {
      return store(slot(held), held.type());
    }

    private int slot(Held held) {
      if (held instanceof Held.InSlot variable) {
        return variable.slot();
      }
      if (held instanceof Held.OnStack onStack) {
        return stack.slots.get(onStack.depth());
      }
      if (held instanceof Held.CallCopy copy) {
        // The last argument lies on top.
        int arguments = Type.getArgumentTypes(callee.orElseThrow().desc).length;
        return call.orElseThrow().slots.get(arguments - 1 - copy.index());
      }
      return indexes.get(held);
    }
  }

  /** The topmost values of the stack, the first of them first, in variables of their own. */
  private final class Spilled {
    final List<Type> types;
    final List<Integer> slots;

    Spilled(List<Type> types) {
      this.types = types;
      this.slots = types.stream().map(Insertion.this::fresh).toList();
    }

    /** Stack to variables. */
    InsnList store() {
      InsnList code = new InsnList();
      for (int i = 0; i < types.size(); i++) {
        code.add(Insertion.store(slots.get(i), types.get(i)));
      }
      return code;
    }

    /** Variables to stack. */
    InsnList load() {
      InsnList code = new InsnList();
      for (int i = types.size() - 1; i >= 0; i--) {
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
