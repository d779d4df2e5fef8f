package dev.tapscope.profile;

/**
 * Where in a method a tap stands. Every form that can occur several times states which of how many:
 * a method with another number of them is a misfit, never a guess. Text forms are those of a
 * profile.
 */
public sealed interface JoinPoint {
  /** {@code entry}: start of the body; in a constructor, after {@code super()}. */
  record Entry() implements JoinPoint {
    @Override
    public String toString() {
      return "at entry";
    }
  }

  /** {@code exit}: before every normal return, all of them. */
  record Exit() implements JoinPoint {
    @Override
    public String toString() {
      return "at exit";
    }
  }

  /** {@code before call Owner.name(types) N of M}, in bytecode order. */
  record BeforeCall(MethodRef call, int nth, int of) implements JoinPoint {
    @Override
    public String toString() {
      return "before call " + call + " " + nth + " of " + of;
    }
  }

  /** {@code after call Owner.name(types) N of M}, in bytecode order. */
  record AfterCall(MethodRef call, int nth, int of) implements JoinPoint {
    @Override
    public String toString() {
      return "after call " + call + " " + nth + " of " + of;
    }
  }

  /**
   * {@code after store local NAME N of M} or {@code after store slot K N of M}, in bytecode order.
   * Assignments count, the initialising one too; {@code i++} does not.
   */
  record AfterStore(Operand.Root variable, int nth, int of) implements JoinPoint {
    @Override
    public String toString() {
      return "after store " + variable + " " + nth + " of " + of;
    }
  }
}
