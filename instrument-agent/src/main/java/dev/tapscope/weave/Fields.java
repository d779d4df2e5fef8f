package dev.tapscope.weave;

import dev.tapscope.profile.FieldRef;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.FieldInsnNode;

/** Fields of class files as profiles write them. */
final class Fields {
  private Fields() {}

  /**
   * Whether a reference names the field of an instruction.
   *
   * @param owner internal name of the class the instruction is in
   */
  static boolean match(FieldRef wanted, FieldInsnNode at, String owner) {
    boolean sameOwner =
        wanted.owner().equals(FieldRef.THIS)
            ? at.owner.equals(owner)
            : SourceNames.matchClass(wanted.owner(), at.owner);
    return sameOwner && wanted.name().equals(at.name);
  }

  /** The reference a profile would write: {@code this.postNorm}, {@code Weights.postNorm}. */
  static FieldRef reference(FieldInsnNode at, String owner) {
    return new FieldRef(
        at.owner.equals(owner) ? FieldRef.THIS : SourceNames.brief(Type.getObjectType(at.owner)),
        at.name);
  }
}
