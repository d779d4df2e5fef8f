package dev.tapscope.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.tapscope.cuda.GpuTraining.Array;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;

/** Arrays and batches of a {@link GpuTraining}, to and from doubles. */
final class Training {
  private Training() {}

  static Array array(GpuTraining sae, String name) {
    return sae.arrays().stream().filter(a -> a.name().equals(name)).findFirst().orElseThrow();
  }

  static double[] read(GpuTraining sae, String name) {
    Array array = array(sae, name);
    MemorySegment values = Arena.ofAuto().allocate(array.bytes(), 64);
    sae.download(name, values);
    return switch (array.element()) {
      case F32 -> doubles(values.toArray(ValueLayout.JAVA_FLOAT));
      case I64 -> Arrays.stream(values.toArray(ValueLayout.JAVA_LONG)).asDoubleStream().toArray();
    };
  }

  static void write(GpuTraining sae, String name, double... numbers) {
    sae.upload(name, floats(numbers));
  }

  static double[] doubles(float[] floats) {
    return IntStream.range(0, floats.length).mapToDouble(i -> floats[i]).toArray();
  }

  /** As float32, outside the heap. */
  static MemorySegment floats(double... values) {
    MemorySegment segment = Arena.ofAuto().allocate((long) values.length * Float.BYTES, 64);
    for (int i = 0; i < values.length; i++) {
      segment.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) values[i]);
    }
    return segment;
  }

  static double[] gaussians(Random random, int count, double scale) {
    double[] values = new double[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) (scale * random.nextGaussian());
    }
    return values;
  }

  /** Copies of all arrays' bytes. */
  static Map<String, byte[]> snapshot(GpuTraining sae) {
    Map<String, byte[]> copies = new LinkedHashMap<>();
    for (Array array : sae.arrays()) {
      MemorySegment values = Arena.ofAuto().allocate(array.bytes(), 64);
      sae.download(array.name(), values);
      copies.put(array.name(), values.toArray(ValueLayout.JAVA_BYTE));
    }
    return copies;
  }

  static void restore(GpuTraining sae, Map<String, byte[]> copies) {
    copies.forEach((name, bytes) -> sae.upload(name, MemorySegment.ofArray(bytes)));
  }

  /** Fails unless both have the same bytes. */
  static void assertSame(Map<String, byte[]> expected, Map<String, byte[]> actual) {
    expected.forEach((name, bytes) -> assertArrayEquals(bytes, actual.get(name), name));
  }
}
