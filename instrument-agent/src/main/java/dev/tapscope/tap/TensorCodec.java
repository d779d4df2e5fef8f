package dev.tapscope.tap;

import java.util.Optional;

/**
 * Reads and writes the rows of a model's own tensor type; named in a profile as {@code value local
 * x as NAME}. Implementations are found by {@link java.util.ServiceLoader} in the class loader of
 * the tapped class and in the agent's.
 *
 * <p>Called on the model's thread; must be safe for several threads.
 */
public interface TensorCodec {
  /** The word after {@code as}. */
  String name();

  /** Number of rows, one a position. */
  int rows(Object tensor);

  /** Number of values in each row. */
  int width(Object tensor);

  /** Copies a row into the first {@code width} places of {@code into}. */
  void read(Object tensor, int row, float[] into);

  /** Copies a row into {@code width} places of {@code into}, from {@code at} on. */
  default void read(Object tensor, int row, float[] into, int at) {
    float[] values = new float[width(tensor)];
    read(tensor, row, values);
    System.arraycopy(values, 0, into, at, values.length);
  }

  /** Writes the first {@code width} values of {@code from} into the tensor's own storage. */
  void write(Object tensor, int row, float[] from);

  /**
   * A new tensor of the same form and contents, for the result of a call that is left out; empty
   * where none can be made.
   */
  default Optional<Object> copy(Object tensor) {
    return Optional.empty();
  }
}
