package dev.tapscope.step;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** A {@link Batch} in double precision. */
record DoubleRows(double[] x, double[] y, int rows) {
  static DoubleRows of(Batch batch) {
    return new DoubleRows(widened(batch.x()), widened(batch.y()), batch.rows());
  }

  boolean finite() {
    return Arrays.stream(x).allMatch(Double::isFinite)
        && Arrays.stream(y).allMatch(Double::isFinite);
  }

  private static double[] widened(MemorySegment floats) {
    long size = floats.byteSize() / Float.BYTES;
    if (size > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "A batch of %d values is too large for the plain implementation; give fewer rows."
              .formatted(size));
    }
    double[] wide = new double[(int) size];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = floats.getAtIndex(ValueLayout.JAVA_FLOAT, i);
    }
    return wide;
  }
}
