package dev.tapscope.step;

import java.lang.foreign.Arena;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** An array that is trained in double precision, with Adam's moments of its gradient. */
final class Parameter {
  private final String name;
  private final List<Long> shape;
  private final DoubleArray values;
  private final DoubleArray v;
  private final Optional<DoubleArray> m;

  private Parameter(Arena arena, Adam adam, String name, List<Long> shape, int rows, int width) {
    this.name = name;
    this.shape = shape;
    values = DoubleArray.zeros(arena, rows, width);
    v = DoubleArray.zeros(arena, rows, width);
    m = adam.beta1() == 0 ? Optional.empty() : Optional.of(DoubleArray.zeros(arena, rows, width));
  }

  static Parameter matrix(Arena arena, Adam adam, String name, int rows, int width) {
    return new Parameter(arena, adam, name, List.of((long) rows, (long) width), rows, width);
  }

  static Parameter vector(Arena arena, Adam adam, String name, int size) {
    return new Parameter(arena, adam, name, List.of((long) size), 1, size);
  }

  DoubleArray values() {
    return values;
  }

  /**
   * Moves a row against its gradient.
   *
   * @param gradients holds the row's gradient from {@code row * width} on
   * @param decay what the row's second moments are multiplied by: {@code beta2}, or its power where
   *     steps without a gradient have been left out
   */
  void step(AdamStep step, int row, double[] gradients, double decay) {
    Adam adam = step.adam();
    for (int i = 0; i < values.width(); i++) {
      double g = step.scale() * gradients[row * values.width() + i];
      double second = decay * v.get(row, i) + (1 - adam.beta2()) * g * g;
      v.set(row, i, second);
      double first = g;
      if (m.isPresent()) {
        first = adam.beta1() * m.get().get(row, i) + (1 - adam.beta1()) * g;
        m.get().set(row, i, first);
      }
      values.set(row, i, values.get(row, i) - step.move(first, second));
    }
  }

  /** The array and its moments. */
  Stream<StateArray> state() {
    return Stream.of(
            Stream.of(array(name, values)),
            Stream.of(array("v." + name, v)),
            m.stream().map(first -> array("m." + name, first)))
        .flatMap(arrays -> arrays);
  }

  private StateArray array(String arrayName, DoubleArray array) {
    return new StateArray(arrayName, StateArray.Element.F64, shape, array.values());
  }
}
