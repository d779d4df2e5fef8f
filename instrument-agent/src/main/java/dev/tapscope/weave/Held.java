package dev.tapscope.weave;

import org.objectweb.asm.Type;
import org.objectweb.asm.tree.AbstractInsnNode;

/** Where the root of an operand lies at a point, and as what type the woven call sees it. */
sealed interface Held {
  Type type();

  /** Whether a new value can take its place. */
  boolean assignable();

  /** In a variable. */
  record InSlot(int slot, Type type, boolean assignable) implements Held {}

  /** On the stack, {@code depth} values below its top. */
  record OnStack(int depth, Type type) implements Held {
    @Override
    public boolean assignable() {
      return true;
    }
  }

  /**
   * No longer on the stack: an argument of the call that has returned, of which a copy has to be
   * kept.
   *
   * @param index of the argument, {@link #RECEIVER} for the object whose method was called
   */
  record CallCopy(int index, Type type) implements Held {
    static final int RECEIVER = -1;

    @Override
    public boolean assignable() {
      return false;
    }
  }

  /** The index an array load has used up, of which a copy has to be kept. */
  record IndexCopy(AbstractInsnNode load) implements Held {
    @Override
    public Type type() {
      return Type.INT_TYPE;
    }

    @Override
    public boolean assignable() {
      return false;
    }
  }
}
