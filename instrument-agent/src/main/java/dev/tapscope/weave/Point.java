package dev.tapscope.weave;

import java.util.Optional;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.MethodInsnNode;

/**
 * A gap between two instructions.
 *
 * @param anchor the instruction it belongs to
 * @param after whether it lies behind the anchor rather than before it
 * @param call the call at the join point, if it is one
 */
record Point(AbstractInsnNode anchor, boolean after, Optional<MethodInsnNode> call) {
  static Point before(AbstractInsnNode anchor) {
    return new Point(anchor, false, Optional.empty());
  }

  static Point after(AbstractInsnNode anchor) {
    return new Point(anchor, true, Optional.empty());
  }

  static Point beforeCall(MethodInsnNode call) {
    return new Point(call, false, Optional.of(call));
  }

  static Point afterCall(MethodInsnNode call) {
    return new Point(call, true, Optional.of(call));
  }
}
