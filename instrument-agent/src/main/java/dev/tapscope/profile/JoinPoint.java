package dev.tapscope.profile;

import dev.tapscope.profile.Operand.Root;
import java.util.Optional;

/**
 * Where in a method a tap stands. Every form that can occur several times states which of how many:
 * a method with another number of them is a misfit, never a guess. Text forms are those of a
 * profile; {@code N of M} counts in bytecode order.
 */
public sealed interface JoinPoint {
  /** A join point at a call. */
  sealed interface AtCall extends JoinPoint permits BeforeCall, AfterCall, AroundCall {
    MethodRef call();

    /** The field the receiver or an argument of the call was loaded from, where that chooses. */
    Optional<FieldRef> fedBy();

    int nth();

    int of();

    /** {@code before}, {@code after} or {@code around}. */
    String side();

    /** {@code before call Owner.name(types) fed by Owner.field N of M}. */
    default String text() {
      return side()
          + " call "
          + call()
          + fedBy().map(field -> " fed by " + field).orElse("")
          + ofMany(nth(), of());
    }
  }

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

  /** {@code before call METHOD [fed by FIELD] N of M}. */
  record BeforeCall(MethodRef call, Optional<FieldRef> fedBy, int nth, int of) implements AtCall {
    public BeforeCall(MethodRef call, int nth, int of) {
      this(call, Optional.empty(), nth, of);
    }

    @Override
    public String side() {
      return "before";
    }

    @Override
    public String toString() {
      return text();
    }
  }

  /** {@code after call METHOD [fed by FIELD] N of M}. */
  record AfterCall(MethodRef call, Optional<FieldRef> fedBy, int nth, int of) implements AtCall {
    public AfterCall(MethodRef call, int nth, int of) {
      this(call, Optional.empty(), nth, of);
    }

    @Override
    public String side() {
      return "after";
    }

    @Override
    public String toString() {
      return text();
    }
  }

  /** {@code around call METHOD [fed by FIELD] N of M}: the call can be left out. */
  record AroundCall(MethodRef call, Optional<FieldRef> fedBy, int nth, int of) implements AtCall {
    @Override
    public String side() {
      return "around";
    }

    @Override
    public String toString() {
      return text();
    }
  }

  /**
   * {@code after store local NAME N of M} or {@code after store slot K N of M}. Assignments count,
   * the initialising one too; {@code i++} does not.
   */
  record AfterStore(Root variable, int nth, int of) implements JoinPoint {
    @Override
    public String toString() {
      return "after store " + variable + ofMany(nth, of);
    }
  }

  /** {@code before put FIELD N of M}: the value lies on the stack, the field has its old one. */
  record BeforePut(FieldRef field, int nth, int of) implements JoinPoint {
    @Override
    public String toString() {
      return "before put " + field + ofMany(nth, of);
    }
  }

  /** {@code after put FIELD N of M}. */
  record AfterPut(FieldRef field, int nth, int of) implements JoinPoint {
    @Override
    public String toString() {
      return "after put " + field + ofMany(nth, of);
    }
  }

  /** {@code after element ARRAY N of M}: an element has been stored, {@code x[i] = y}. */
  record AfterElement(ArrayRef array, int nth, int of) implements JoinPoint {
    @Override
    public String toString() {
      return "after element " + array + ofMany(nth, of);
    }
  }

  /** {@code loop VARIABLE begin N of M}: behind the first test of the loop, once a round. */
  record LoopBegin(Root variable, int nth, int of) implements JoinPoint {
    @Override
    public String toString() {
      return "loop " + variable + " begin" + ofMany(nth, of);
    }
  }

  /**
   * {@code loop VARIABLE end N of M}: before the variable is counted on, where every {@code
   * continue} arrives too.
   */
  record LoopEnd(Root variable, int nth, int of) implements JoinPoint {
    @Override
    public String toString() {
      return "loop " + variable + " end" + ofMany(nth, of);
    }
  }

  /** Which arrays a store of an element is into. */
  sealed interface ArrayRef {
    /** {@code any}. */
    ArrayRef ANY = new Any();

    /** {@code local NAME} or {@code slot N}. */
    record InVariable(Root variable) implements ArrayRef {
      @Override
      public String toString() {
        return variable.toString();
      }
    }

    /** {@code Owner.name} or {@code this.name}. */
    record InField(FieldRef field) implements ArrayRef {
      @Override
      public String toString() {
        return field.toString();
      }
    }

    /** Whatever array. */
    record Any() implements ArrayRef {
      @Override
      public String toString() {
        return "any";
      }
    }
  }

  private static String ofMany(int nth, int of) {
    return " " + nth + " of " + of;
  }
}
