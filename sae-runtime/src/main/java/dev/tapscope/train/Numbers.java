package dev.tapscope.train;

import dev.tapscope.step.SaeInTraining;
import dev.tapscope.step.StateArray;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A state array as numbers, whatever their type; good until the next step.
 *
 * @param values the array's
 */
record Numbers(StateArray array, MemorySegment values) {
  Numbers(StateArray array) {
    this(array, array.values());
  }

  static Numbers of(SaeInTraining sae, String name) {
    return sae.state().stream()
        .filter(array -> array.name().equals(name))
        .findFirst()
        .map(Numbers::new)
        .orElseThrow(() -> new IllegalStateException("an SAE in training without " + name));
  }

  long count() {
    return array.count();
  }

  double get(long index) {
    return switch (array.element()) {
      case F32 -> values.getAtIndex(ValueLayout.JAVA_FLOAT, index);
      case F64 -> values.getAtIndex(ValueLayout.JAVA_DOUBLE, index);
      case I64 -> values.getAtIndex(ValueLayout.JAVA_LONG, index);
    };
  }

  /** That many from an index on, rounded to floats. */
  float[] floats(long from, int count) {
    float[] floats = new float[count];
    for (int i = 0; i < count; i++) {
      floats[i] = (float) get(from + i);
    }
    return floats;
  }

  /** Rounds to the type of the array. */
  void set(long index, double value) {
    switch (array.element()) {
      case F32 -> values.setAtIndex(ValueLayout.JAVA_FLOAT, index, (float) value);
      case F64 -> values.setAtIndex(ValueLayout.JAVA_DOUBLE, index, value);
      case I64 -> values.setAtIndex(ValueLayout.JAVA_LONG, index, (long) value);
    }
  }

  /** How many of the numbers are at least this. */
  long atLeast(double least) {
    long count = 0;
    for (long i = 0; i < count(); i++) {
      if (get(i) >= least) {
        count++;
      }
    }
    return count;
  }
}
