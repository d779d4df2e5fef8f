package dev.tapscope.step;

/**
 * The {@link Sparsity} term of a row and its derivatives, in double.
 *
 * @param weight what the term of one row is multiplied by in the loss
 */
record Penalty(Sparsity sparsity, double weight) {
  /** Whether it depends on how large features are, times their decoder rows' lengths. */
  boolean ofLengths() {
    return sparsity instanceof Sparsity.Tanh;
  }

  /** Its part by the number of active features. */
  double ofL0(int l0) {
    return switch (sparsity) {
      case Sparsity.L0 _ -> l0;
      case Sparsity.TargetL0(double target) -> 2 / target * (l0 - target) * (l0 - target);
      case Sparsity.Tanh _ -> 0;
    };
  }

  /** Its part by one feature's {@code f ||W_dec[f]||}. */
  double ofLength(double length) {
    return sparsity instanceof Sparsity.Tanh(double scale) ? StrictMath.tanh(scale * length) : 0;
  }

  /** Derivative of the weighted term by the number of active features. */
  double byL0(int l0) {
    return switch (sparsity) {
      case Sparsity.L0 _ -> weight;
      case Sparsity.TargetL0(double target) -> weight * 4 / target * (l0 - target);
      case Sparsity.Tanh _ -> 0;
    };
  }

  /** Derivative of the weighted term by one feature's {@code f ||W_dec[f]||}. */
  double byLength(double length) {
    if (sparsity instanceof Sparsity.Tanh(double scale)) {
      double tanh = StrictMath.tanh(scale * length);
      return weight * scale * (1 - tanh * tanh);
    }
    return 0;
  }
}
