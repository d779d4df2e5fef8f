package dev.tapscope.step;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** An array that is trained in single precision, with Adam's moments of its gradient. */
record FloatParameter(
    String name,
    List<Long> shape,
    int width,
    MemorySegment values,
    MemorySegment v,
    Optional<MemorySegment> m) {

  static FloatParameter matrix(Arena arena, Adam adam, String name, int rows, int width) {
    return make(arena, adam, name, List.of((long) rows, (long) width), rows, width);
  }

  static FloatParameter vector(Arena arena, Adam adam, String name, int size) {
    return make(arena, adam, name, List.of((long) size), 1, size);
  }

  private static FloatParameter make(
      Arena arena, Adam adam, String name, List<Long> shape, int rows, int width) {
    long size = (long) rows * width;
    return new FloatParameter(
        name,
        shape,
        width,
        Lanes.floats(arena, size),
        Lanes.floats(arena, size),
        adam.beta1() == 0 ? Optional.empty() : Optional.of(Lanes.floats(arena, size)));
  }

  /** Where a row begins, in bytes. */
  long at(int row) {
    return (long) row * width * Float.BYTES;
  }

  float get(int index) {
    return values.get(Lanes.FLOAT, (long) index * Float.BYTES);
  }

  /**
   * Moves a row against its gradient.
   *
   * @param owed steps without a gradient that the row's moments have not been through yet
   */
  void step(FloatAdam adam, int row, MemorySegment gradient, long owed) {
    if (owed > 0) {
      adam.settle(v, at(row), width, owed);
    }
    adam.move(values, v, m, at(row), gradient, 0, width);
  }

  /** The array and its moments. */
  Stream<StateArray> state() {
    return Stream.of(
            Stream.of(array(name, values)),
            Stream.of(array("v." + name, v)),
            m.stream().map(means -> array("m." + name, means)))
        .flatMap(arrays -> arrays);
  }

  private StateArray array(String arrayName, MemorySegment array) {
    return new StateArray(arrayName, StateArray.Element.F32, shape, array);
  }
}
