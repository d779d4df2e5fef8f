package dev.tapscope.profile;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Something readable at a join point, with a path of fields to follow from it: {@code
 * this.norm.eps}, {@code arg 1}, {@code local start}. The woven code passes the root; the path is
 * followed in the linked method handle, so a switched-off tap loads no field and a null on the way
 * cannot hurt the model.
 */
public record Operand(Root root, List<String> path) {
  public Operand {
    path = List.copyOf(path);
  }

  public static Operand of(Root root) {
    return new Operand(root, List.of());
  }

  /** This operand with more fields to follow: {@code arg(1).then("norm", "eps")}. */
  public Operand then(String... fields) {
    List<String> longer = new ArrayList<>(path);
    longer.addAll(List.of(fields));
    return new Operand(root, longer);
  }

  /** This operand as a value whose rows a codec reads: {@code local("x").as("jlama")}. */
  public Value as(String codec) {
    return new Value.Plain(this, Optional.of(codec));
  }

  /** As a profile writes it: {@code arg 1.norm.eps}. */
  @Override
  public String toString() {
    return path.isEmpty() ? root.toString() : root + "." + String.join(".", path);
  }

  /** Where a path starts. */
  public sealed interface Root {
    /** {@code this}. */
    record This() implements Root {
      @Override
      public String toString() {
        return "this";
      }
    }

    /** {@code arg N}: the method's own parameter, 0-based, {@code this} not counted. */
    record Arg(int index) implements Root {
      @Override
      public String toString() {
        return "arg " + index;
      }
    }

    /** {@code local NAME}, by the LocalVariableTable. */
    record Local(String name) implements Root {
      @Override
      public String toString() {
        return "local " + name;
      }
    }

    /** {@code slot N}: a local by number, for classes compiled without names. */
    record Slot(int index) implements Root {
      @Override
      public String toString() {
        return "slot " + index;
      }
    }

    /** {@code call arg N}: argument of the call at the join point, 0-based. */
    record CallArg(int index) implements Root {
      @Override
      public String toString() {
        return "call arg " + index;
      }
    }

    /** {@code return}: what the call at the join point, or the method at its exit, returns. */
    record Return() implements Root {
      @Override
      public String toString() {
        return "return";
      }
    }

    /** A number written in the profile. */
    record Constant(int value) implements Root {
      @Override
      public String toString() {
        return Integer.toString(value);
      }
    }
  }
}
