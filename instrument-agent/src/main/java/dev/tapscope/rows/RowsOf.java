package dev.tapscope.rows;

import dev.tapscope.tap.TensorCodec;
import java.nio.FloatBuffer;

/** Finds the rows of a value by its type. */
public final class RowsOf {
  private RowsOf() {}

  /** Whether values of a static type may have rows without a codec. */
  public static boolean knows(Class<?> type) {
    return type == float[].class
        || type == float[][].class
        || type == float[][][].class
        || FloatBuffer.class.isAssignableFrom(type)
        || type.isAssignableFrom(FloatBuffer.class);
  }

  /**
   * Rows of {@code float[]} (one), {@code float[][]} (one a position), {@code float[][][]}
   * (position, head, key) or {@link FloatBuffer} (one).
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
      return new HeadRows(heads);
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

  /** Rows of a foreign tensor. */
  public static Rows tensor(TensorCodec codec, Object tensor) {
    return new CodecRows(codec, tensor);
  }

  /** Rows of {@code source} under RMSNorm without gain; see {@link RmsRows}. */
  public static Rows rms(Rows source, float eps, Rows target, float[] gain) {
    return new RmsRows(source, eps, target, gain);
  }
}
