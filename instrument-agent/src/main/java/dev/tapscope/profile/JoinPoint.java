package dev.tapscope.profile;

/**
 * Where in a method a tap stands. Every form that can occur several times states which of how many:
 * a method with another number of them is a misfit, never a guess.
 */
public sealed interface JoinPoint {
  /** {@code entry}: start of the body; in a constructor, after {@code super()}. */
  record Entry() implements JoinPoint {}

  /** {@code exit}: before every normal return, all of them. */
  record Exit() implements JoinPoint {}

  /** {@code before call Owner.name(types) N of M}, in bytecode order. */
  record BeforeCall(MethodRef call, int nth, int of) implements JoinPoint {}

  /** {@code after call Owner.name(types) N of M}, in bytecode order. */
  record AfterCall(MethodRef call, int nth, int of) implements JoinPoint {}

  /** {@code after store local NAME N of M} or {@code after store slot N N of M}. */
  record AfterStore(Operand.Root variable, int nth, int of) implements JoinPoint {}
}
