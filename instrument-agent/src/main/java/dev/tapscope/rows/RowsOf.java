package dev.tapscope.rows;

import dev.tapscope.tap.TensorCodec;
import java.nio.FloatBuffer;
import java.util.Arrays;

/** Finds the rows of a value by its type. */
public final class RowsOf {
  private RowsOf() {}

  /** Whether values of a static type may have rows without a codec. */
  public static boolean knows(Class<?> type) {
    return type == float[].class
        || type == float[][].class
        || type == float[][][].class
        || type == FloatBuffer[].class
        || type == FloatBuffer[][].class
        || FloatBuffer.class.isAssignableFrom(type)
        || type.isAssignableFrom(FloatBuffer.class);
  }

  /**
   * Rows of {@code float[]} (one), {@code float[][]} (one a position) or {@code float[][][]}
   * (position, head, key); of {@link FloatBuffer}, {@code FloatBuffer[]} or {@code FloatBuffer[][]}
   * in the same way, each buffer from its position to its limit as they are at the moment.
   *
   * @throws IllegalArgumentException when the value is of another type
   */
  public static Rows value(Object value) {
    if (value instanceof float[][] rows) {
      return new ArrayRows(rows);
    }
    if (value instanceof float[] row) {
      return new ArrayRows(row);
    }
    if (value instanceof float[][][] heads) {
      return HeadRows.of(heads);
    }
    if (value instanceof FloatBuffer[][] heads) {
      return HeadRows.of(heads);
    }
    if (value instanceof FloatBuffer[] rows) {
      return new BufferRows(rows);
    }
    if (value instanceof FloatBuffer buffer) {
      return new BufferRows(buffer);
    }
    throw new IllegalArgumentException(
        value == null
            ? "the tapped value is null"
            : "a "
                + value.getClass().getTypeName()
                + " has no rows known here; name a codec in the profile ('value ... as NAME')");
  }

  /**
   * A new value of the same type, form and contents. Of a buffer what remains is copied, to one of
   * that size on the heap.
   *
   * @throws IllegalArgumentException when {@link #value} would not know the rows either
   */
  public static Object copy(Object value) {
    if (value instanceof float[][] rows) {
      return Arrays.stream(rows).map(float[]::clone).toArray(float[][]::new);
    }
    if (value instanceof float[] row) {
      return row.clone();
    }
    if (value instanceof float[][][] heads) {
      return Arrays.stream(heads).map(RowsOf::copy).toArray(float[][][]::new);
    }
    if (value instanceof FloatBuffer[][] heads) {
      return Arrays.stream(heads).map(RowsOf::copy).toArray(FloatBuffer[][]::new);
    }
    if (value instanceof FloatBuffer[] rows) {
      return Arrays.stream(rows).map(RowsOf::copy).toArray(FloatBuffer[]::new);
    }
    if (value instanceof FloatBuffer buffer) {
      return FloatBuffer.allocate(buffer.remaining()).put(buffer.duplicate()).flip();
    }
    value(value);
    throw new IllegalArgumentException("no copy of a " + value.getClass().getTypeName());
  }

  /** Rows of a foreign tensor. */
  public static Rows tensor(TensorCodec codec, Object tensor) {
    return new CodecRows(codec, tensor);
  }

  /** Rows of {@code source} under RMSNorm without gain; see {@link RmsRows}. */
  public static Rows rms(Rows source, float eps, Rows target, float[] gain) {
    return new RmsRows(source, eps, target, gain);
  }

  /** Rows times a factor; see {@link ScaledRows}. */
  public static Rows scaled(Rows rows, float factor) {
    return new ScaledRows(rows, factor);
  }
}
