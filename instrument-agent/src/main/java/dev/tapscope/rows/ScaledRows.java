package dev.tapscope.rows;

/**
 * Rows times a factor, and the inverse: row x shows as {@code x * s}; writing y sets the row to
 * {@code y / s}.
 *
 * <p>Two promises make edits exact. A row reads as it was last written. And an element written as
 * it was shown leaves the model's own bits, so that an edit that changes nothing changes no bit.
 */
final class ScaledRows implements Rows {
  private final Rows rows;
  private final float factor;
  private final float[][] models;
  private final float[][] shown;

  ScaledRows(Rows rows, float factor) {
    if (factor == 0 || !Float.isFinite(factor)) {
      throw new IllegalArgumentException(
          "rows scaled by "
              + factor
              + " cannot be written back; the factor has to be a number"
              + " other than 0");
    }
    this.rows = rows;
    this.factor = factor;
    this.models = new float[rows.rows()][];
    this.shown = new float[rows.rows()][];
  }

  @Override
  public int rows() {
    return rows.rows();
  }

  @Override
  public int width(int row) {
    return rows.width(row);
  }

  @Override
  public int position(int row) {
    return rows.position(row);
  }

  @Override
  public int positions() {
    return rows.positions();
  }

  @Override
  public int head(int row) {
    return rows.head(row);
  }

  @Override
  public void read(int row, float[] into) {
    look(row);
    System.arraycopy(shown[row], 0, into, 0, shown[row].length);
  }

  @Override
  public boolean writable(int row) {
    return rows.writable(row);
  }

  @Override
  public void write(int row, float[] from) {
    look(row);
    float[] back = new float[width(row)];
    for (int i = 0; i < back.length; i++) {
      float model = models[row][i];
      boolean untouched =
          Float.floatToRawIntBits(from[i]) == Float.floatToRawIntBits(model * factor);
      back[i] = untouched ? model : from[i] / factor;
      shown[row][i] = from[i];
    }
    rows.write(row, back);
  }

  private void look(int row) {
    if (models[row] == null) {
      models[row] = new float[width(row)];
      rows.read(row, models[row]);
      shown[row] = new float[width(row)];
      for (int i = 0; i < shown[row].length; i++) {
        shown[row][i] = models[row][i] * factor;
      }
    }
  }
}
