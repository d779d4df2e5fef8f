package dev.tapscope.weave;

import dev.tapscope.profile.Operand.Root;
import java.util.Optional;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.FrameNode;
import org.objectweb.asm.tree.MethodInsnNode;

/** Finds the roots of operands that belong to the call at a point. */
final class CallRoots {
  private final Roots roots;
  private final Point point;
  private final MethodInsnNode call;
  private final Type[] types;

  CallRoots(Roots roots, Point point) {
    this.roots = roots;
    this.point = point;
    this.call = point.call().orElseThrow();
    this.types = Type.getArgumentTypes(call.desc);
  }

  /** {@code call arg N} or {@code call this}. */
  Held find(Root root) {
    if (root instanceof Root.CallArg argument) {
      requireArgument(root, argument.index());
      Type type = types[argument.index()];
      return point.after()
          ? new Held.CallCopy(argument.index(), type)
          : new Held.OnStack(types.length - 1 - argument.index(), type);
    }
    return receiver();
  }

  private Held receiver() {
    boolean isStatic = call.getOpcode() == Opcodes.INVOKESTATIC;
    if (isStatic || call.name.equals("<init>")) {
      throw new NoFit(
          "this-missing",
          "Wanted 'call this' at "
              + roots.place()
              + "; found the call of "
              + callee()
              + ", "
              + (isStatic
                  ? "a static method, which has none. Write: call arg N."
                  : "a constructor, whose object does not exist before it. Write what it is"
                      + " stored in, at a later place."));
    }
    return point.after()
        ? new Held.CallCopy(Held.CallCopy.RECEIVER, roots.receiverBefore(call, types.length))
        : new Held.OnStack(types.length, roots.usable("call this", types.length));
  }

  private void requireArgument(Root root, int index) {
    if (index >= types.length) {
      throw new NoFit(
          "arg-missing",
          "Wanted '"
              + root
              + "' at "
              + roots.place()
              + "; found the call of "
              + callee()
              + " with "
              + types.length
              + (types.length == 1 ? " argument." : " arguments.")
              + (types.length == 0 ? "" : " Count from 0."));
    }
  }

  /** {@code index of call arg N}: what was in the brackets where the argument was loaded. */
  Held index(Root.IndexOf root) {
    requireArgument(root, root.argument());
    Optional<AbstractInsnNode> load = roots.code().sources().arrayLoad(call, root.argument());
    if (load.isEmpty()) {
      throw unknown(root, "that the argument is not loaded from an array, or not from one place");
    }
    if (!straight(load.get())) {
      throw unknown(
          root,
          "that the element is loaded at "
              + roots.code().place(load.get())
              + " and the code branches before the call");
    }
    return new Held.IndexCopy(load.get());
  }

  private NoFit unknown(Root.IndexOf root, String found) {
    return new NoFit(
        "index-missing",
        "Wanted '"
            + root
            + "' at "
            + roots.place()
            + "; found "
            + found
            + ". Write the index itself, such as: local l.");
  }

  /** A copy made at the load is still there at the call only if nothing joins in between. */
  private boolean straight(AbstractInsnNode load) {
    for (AbstractInsnNode at = load; at != null; at = at.getNext()) {
      if (at == call) {
        return true;
      }
      if (at instanceof FrameNode) {
        return false;
      }
    }
    return false;
  }

  private String callee() {
    return SourceNames.method(
        SourceNames.brief(Type.getObjectType(call.owner)), call.name, call.desc);
  }
}
