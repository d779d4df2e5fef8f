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

  /**
   * Reads a reference as a profile writes it: {@code a.b.Outer$Inner.name(float[][], int)}, or
   * without the parentheses where no parameters are given.
   *
   * @throws dev.tapscope.tap.TapscopeException {@code profile-syntax}
   */
  public static MethodRef parse(String text) {
    LineReader line = new LineReader("method reference", 1, text);
    MethodRef method = line.method("a method, written Owner.name or Owner.name(types)");
    line.end("a method reference");
    return method;
  }

  /** As a profile writes it. */
  @Override
  public String toString() {
    return owner + "." + name + parameters.map(p -> "(" + String.join(", ", p) + ")").orElse("");
  }
}
