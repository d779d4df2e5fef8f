package dev.tapscope.rows;

/** {@code float[]}: one row; {@code float[][]}: a row for each position. */
final class ArrayRows implements Rows {
  private final float[][] values;

  ArrayRows(float[]... values) {
    this.values = values;
  }

  @Override
  public int rows() {
    return values.length;
  }

  @Override
  public int width(int row) {
    return values[row].length;
  }

  @Override
  public void read(int row, float[] into) {
    read(row, into, 0);
  }

  @Override
  public void read(int row, float[] into, int at) {
    System.arraycopy(values[row], 0, into, at, values[row].length);
  }

  @Override
  public void write(int row, float[] from) {
    System.arraycopy(from, 0, values[row], 0, values[row].length);
  }
}
