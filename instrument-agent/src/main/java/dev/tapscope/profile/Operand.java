package dev.tapscope.profile;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Something readable at a join point, with a path of fields and array elements to follow from it:
 * {@code this.norm.eps}, {@code arg 1}, {@code this.state.x[local l]}. The woven code passes the
 * root and the indexes; the path is followed in the linked method handle, so a switched-off tap
 * loads no field and a null on the way cannot hurt the model.
 */
public record Operand(Root root, List<Step> path) {
  public Operand {
    path = List.copyOf(path);
  }

  public static Operand of(Root root) {
    return new Operand(root, List.of());
  }

  /** This operand with more fields to follow: {@code arg(1).then("norm", "eps")}. */
  public Operand then(String... fields) {
    List<Step> longer = new ArrayList<>(path);
    List.of(fields).forEach(name -> longer.add(new Step.Field(name)));
    return new Operand(root, longer);
  }

  /** The element of this array at a fixed place. */
  public Operand at(int index) {
    return at(of(new Root.Constant(index)));
  }

  /** The element of this array at the place another operand, without a path, names. */
  public Operand at(Operand index) {
    List<Step> longer = new ArrayList<>(path);
    longer.add(new Step.Element(index.root()));
    return new Operand(root, longer);
  }

  /** This operand as a value whose rows a codec reads: {@code local("x").as("jlama")}. */
  public Value as(String codec) {
    return new Value.Plain(this, Optional.of(codec));
  }

  /**
   * What has to be passed to read this operand, in order: its root, then the roots of the indexes
   * of its path. Constants are not passed.
   */
  List<Operand> passed() {
    List<Operand> all = new ArrayList<>();
    if (!(root instanceof Root.Constant)) {
      all.add(this);
    }
    all.addAll(indexes());
    return all;
  }

  /** The indexes of the path that have to be passed. */
  List<Operand> indexes() {
    return path.stream()
        .filter(Step.Element.class::isInstance)
        .map(step -> ((Step.Element) step).index())
        .filter(index -> !(index instanceof Root.Constant))
        .map(Operand::of)
        .toList();
  }

  /** As a profile writes it: {@code arg 1.norm.eps}. */
  @Override
  public String toString() {
    return root + path.stream().map(Step::toString).collect(Collectors.joining());
  }

  /** One step of a path. */
  public sealed interface Step {
    /** {@code .NAME}. */
    record Field(String name) implements Step {
      @Override
      public String toString() {
        return "." + name;
      }
    }

    /** {@code [N]} or {@code [ROOT]}: an element of an array; the root is an int. */
    record Element(Root index) implements Step {
      @Override
      public String toString() {
        return "[" + index + "]";
      }
    }
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

    /** {@code stack} or {@code stack N}: what lies N values below the top of the stack. */
    record Stack(int depth) implements Root {
      @Override
      public String toString() {
        return depth == 0 ? "stack" : "stack " + depth;
      }
    }

    /** {@code call arg N}: argument of the call at the join point, 0-based. */
    record CallArg(int index) implements Root {
      @Override
      public String toString() {
        return "call arg " + index;
      }
    }

    /** {@code call this}: the object whose method is called at the join point. */
    record CallThis() implements Root {
      @Override
      public String toString() {
        return "call this";
      }
    }

    /**
     * {@code index of call arg N}: the index of the array load the argument came from, {@code l}
     * where the call is passed {@code w[l]}.
     */
    record IndexOf(int argument) implements Root {
      @Override
      public String toString() {
        return "index of call arg " + argument;
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
