package dev.tapscope.profile;

import java.util.Optional;

/** Where the layer of a fire comes from. Text forms are those of a profile. */
public sealed interface Layer {
  /** The operand that is read, if any. */
  Optional<Operand> operand();

  /** {@code layer OPERAND} or {@code layer N}: the layer is what the operand says. */
  record Of(Operand number) implements Layer {
    @Override
    public Optional<Operand> operand() {
      return Optional.of(number);
    }

    @Override
    public String toString() {
      return number.toString();
    }
  }

  /**
   * {@code layer previous OPERAND}: the layer before the one the operand names. What goes into
   * layer n is the residual stream after layer n - 1; at layer 0 the site does not fire.
   */
  record Previous(Operand number) implements Layer {
    @Override
    public Optional<Operand> operand() {
      return Optional.of(number);
    }

    @Override
    public String toString() {
      return "previous " + number;
    }
  }

  /**
   * {@code layer latest}: the highest layer any site has fired for in this pass. What goes into the
   * final norm is the residual stream after the last layer, whose number nothing there holds.
   */
  record Latest() implements Layer {
    @Override
    public Optional<Operand> operand() {
      return Optional.empty();
    }

    @Override
    public String toString() {
      return "latest";
    }
  }
}
