package dev.tapscope.profile;

import java.util.List;

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

  /** Where a path starts. */
  public sealed interface Root {
    /** {@code this}. */
    record This() implements Root {}

    /** {@code arg N}: the method's own parameter, 0-based, {@code this} not counted. */
    record Arg(int index) implements Root {}

    /** {@code local NAME}, by the LocalVariableTable. */
    record Local(String name) implements Root {}

    /** {@code slot N}: a local by number, for classes compiled without names. */
    record Slot(int index) implements Root {}

    /** {@code call arg N}: argument of the call at the join point, 0-based. */
    record CallArg(int index) implements Root {}

    /** {@code return}: what the call at the join point, or the method at its exit, returns. */
    record Return() implements Root {}

    /** A number written in the profile. */
    record Constant(int value) implements Root {}
  }
}
