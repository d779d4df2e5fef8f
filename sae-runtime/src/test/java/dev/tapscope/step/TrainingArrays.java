package dev.tapscope.step;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Batches and state arrays, to and from doubles. */
final class TrainingArrays {
  private TrainingArrays() {}

  /** The rows as float32, outside the heap. */
  static Batch batch(DoubleRows rows) {
    return new Batch(floats(rows.x()), floats(rows.y()), rows.rows());
  }

  /** The array of that name. */
  static StateArray array(SaeInTraining sae, String name) {
    return sae.state().stream()
        .filter(array -> array.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new AssertionError("There is no array " + name + "."));
  }

  static double[] read(SaeInTraining sae, String name) {
    StateArray array = array(sae, name);
    MemorySegment values = array.values();
    return switch (array.element()) {
      case F64 -> values.toArray(ValueLayout.JAVA_DOUBLE);
      case F32 -> {
        float[] floats = values.toArray(ValueLayout.JAVA_FLOAT);
        yield IntStream.range(0, floats.length).mapToDouble(i -> floats[i]).toArray();
      }
      case I64 -> LongStream.of(values.toArray(ValueLayout.JAVA_LONG)).asDoubleStream().toArray();
    };
  }

  static void write(SaeInTraining sae, String name, double... numbers) {
    StateArray array = array(sae, name);
    for (int i = 0; i < numbers.length; i++) {
      switch (array.element()) {
        case F64 -> array.values().setAtIndex(ValueLayout.JAVA_DOUBLE, i, numbers[i]);
        case F32 -> array.values().setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) numbers[i]);
        case I64 -> array.values().setAtIndex(ValueLayout.JAVA_LONG, i, (long) numbers[i]);
      }
    }
  }

  /**
   * Second moments of a matrix after the last step, whether or not rows that had no gradient have
   * been touched.
   */
  static double[] secondMoments(SaeInTraining sae, String name) {
    double[] v = read(sae, "v." + name);
    if (!name.startsWith("W_")) {
      return v;
    }
    double[] settled = read(sae, "settled");
    double step = read(sae, "steps")[0];
    double beta2 = sae.method().adam().beta2();
    boolean single = array(sae, "v." + name).element() == StateArray.Element.F32;
    int width = v.length / settled.length;
    for (int i = 0; i < v.length; i++) {
      double owed = step - settled[i / width];
      v[i] =
          single ? decayed((float) v[i], (float) beta2, owed) : v[i] * StrictMath.pow(beta2, owed);
    }
    return v;
  }

  /** Copies of all arrays' bytes. */
  static Map<String, MemorySegment> snapshot(SaeInTraining sae) {
    Map<String, MemorySegment> copies = new LinkedHashMap<>();
    for (StateArray array : sae.state()) {
      byte[] bytes = array.values().toArray(ValueLayout.JAVA_BYTE);
      copies.put(array.name(), MemorySegment.ofArray(bytes));
    }
    return copies;
  }

  /** Fills an SAE with arrays that {@link #snapshot} copied from one of the same kind. */
  static void restore(SaeInTraining sae, Map<String, MemorySegment> copies) {
    for (StateArray array : sae.state()) {
      array.values().copyFrom(copies.get(array.name()));
    }
  }

  /** Fails unless every array has the bytes that were copied. */
  static void assertUnchanged(Map<String, MemorySegment> copies, SaeInTraining sae) {
    for (StateArray array : sae.state()) {
      long at = copies.get(array.name()).mismatch(array.values());
      assertEquals(-1, at, "first byte of " + array.name() + " that differs");
    }
  }

  /** As the float implementation makes up for steps: each rounds. */
  private static float decayed(float v, float beta2, double steps) {
    float left = v;
    for (int i = 0; i < steps; i++) {
      left *= beta2;
      left = left < Float.MIN_NORMAL ? 0 : left;
    }
    return left;
  }

  private static MemorySegment floats(double[] values) {
    MemorySegment segment = Arena.ofAuto().allocate((long) values.length * Float.BYTES, 64);
    for (int i = 0; i < values.length; i++) {
      segment.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) values[i]);
    }
    return segment;
  }
}
