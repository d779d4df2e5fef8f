package dev.tapscope.profile;

import java.util.List;
import java.util.Optional;

/**
 * A method by its source-level name: {@code gemma2.model.Block.forward(float[][], int, KvCache)}.
 *
 * @param owner class name as in source, {@code a.b.Outer$Inner} for nested classes; at a call it
 *     may be short ({@code TensorOperations}) where that is unambiguous
 * @param name method name, {@code <init>} for constructors
 * @param parameters parameter types as in source, short class names allowed; empty when not given,
 *     which is an error where several methods fit
 */
public record MethodRef(String owner, String name, Optional<List<String>> parameters) {
  public MethodRef {
    parameters = parameters.map(List::copyOf);
  }

  @Override
  public String toString() {
    return owner + "." + name + parameters.map(p -> "(" + String.join(", ", p) + ")").orElse("");
  }
}
