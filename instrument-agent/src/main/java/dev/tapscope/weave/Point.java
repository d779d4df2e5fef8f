package dev.tapscope.weave;

import java.util.Optional;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.MethodInsnNode;

/**
 * A gap between two instructions, or the call that is to be replaced.
 *
 * @param anchor the instruction it belongs to
 * @param side where it lies
 * @param call the call at the join point, if it is one
 */
record Point(AbstractInsnNode anchor, Side side, Optional<MethodInsnNode> call) {
  enum Side {
    BEFORE,
    AFTER,
    /** In place of the anchor, a call; what can be read is what can be read before it. */
    AROUND
  }

  static Point before(AbstractInsnNode anchor) {
    return new Point(anchor, Side.BEFORE, Optional.empty());
  }

  static Point after(AbstractInsnNode anchor) {
    return new Point(anchor, Side.AFTER, Optional.empty());
  }

  static Point at(MethodInsnNode call, Side side) {
    return new Point(call, side, Optional.of(call));
  }

  /** Whether the anchor has been executed. */
  boolean after() {
    return side == Side.AFTER;
  }

  boolean around() {
    return side == Side.AROUND;
  }
}
