package dev.tapscope.rows;

/**
 * RMSNorm without its gain, and its inverse: row x of the source shows as {@code x / sqrt(mean(x^2)
 * + eps)}; writing y sets the target row to {@code y * gain}.
 *
 * <p>Two promises make edits exact. A row reads as it was last written, although the source does
 * not change. And an element written as the model computed it leaves the target's own bits, so that
 * an edit that changes nothing changes no bit.
 */
final class RmsRows implements Rows {
  private final Rows source;
  private final Rows target;
  private final double eps;
  private final float[] gain;
  private final float[][] computed;
  private final float[][] shown;
  private final float[][] targets;

  RmsRows(Rows source, double eps, Rows target, float[] gain) {
    if (source.rows() != target.rows()) {
      throw new IllegalArgumentException(
          "the norm's source has " + source.rows() + " rows and its target " + target.rows());
    }
    this.source = source;
    this.eps = eps;
    this.target = target;
    this.gain = gain;
    this.computed = new float[source.rows()][];
    this.shown = new float[source.rows()][];
    this.targets = new float[source.rows()][];
  }

  @Override
  public int rows() {
    return source.rows();
  }

  @Override
  public int width(int row) {
    return source.width(row);
  }

  @Override
  public void read(int row, float[] into) {
    float[] values = shown[row] != null ? shown[row] : computed(row);
    System.arraycopy(values, 0, into, 0, values.length);
  }

  @Override
  public boolean writable(int row) {
    return target.writable(row);
  }

  @Override
  public void write(int row, float[] from) {
    int width = width(row);
    if (gain.length != width || target.width(row) != width) {
      throw new IllegalArgumentException(
          "the norm's source has width "
              + width
              + ", its gain "
              + gain.length
              + " and its target "
              + target.width(row));
    }
    float[] model = computed(row);
    if (targets[row] == null) {
      targets[row] = new float[width];
      target.read(row, targets[row]);
    }
    float[] scaled = new float[width];
    float[] now = new float[width];
    for (int i = 0; i < width; i++) {
      now[i] = from[i];
      boolean untouched = Float.floatToRawIntBits(from[i]) == Float.floatToRawIntBits(model[i]);
      scaled[i] = untouched ? targets[row][i] : from[i] * gain[i];
    }
    target.write(row, scaled);
    shown[row] = now;
  }

  private float[] computed(int row) {
    if (computed[row] == null) {
      float[] x = new float[width(row)];
      source.read(row, x);
      double squares = 0;
      for (float v : x) {
        squares += (double) v * v;
      }
      double scale = 1 / Math.sqrt(squares / x.length + eps);
      for (int i = 0; i < x.length; i++) {
        x[i] = (float) (x[i] * scale);
      }
      computed[row] = x;
    }
    return computed[row];
  }
}
