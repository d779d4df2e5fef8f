package dev.tapscope.weave;

import org.objectweb.asm.Type;

/** Where the root of an operand lies at a point, and as what type the woven call sees it. */
sealed interface Held {
  Type type();

  /** In a variable. */
  record InSlot(int slot, Type type, boolean assignable) implements Held {}

  /** In an argument of the call at the point, 0-based, the receiver not counted. */
  record CallArgument(int index, Type type) implements Held {}

  /** On top of the stack: what the call returned or the method is about to return. */
  record Result(Type type) implements Held {}
}
