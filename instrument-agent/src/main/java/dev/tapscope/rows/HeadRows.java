package dev.tapscope.rows;

/** {@code float[position][head][key]}; the last key of a row is the row's own position. */
final class HeadRows implements Rows {
  private final float[][][] values;
  private final int heads;

  HeadRows(float[][][] values) {
    this.values = values;
    this.heads = values.length == 0 ? 0 : values[0].length;
    for (float[][] position : values) {
      if (position.length != heads) {
        throw new IllegalArgumentException(
            "positions of one attention value have "
                + heads
                + " and "
                + position.length
                + " heads");
      }
    }
  }

  @Override
  public int rows() {
    return values.length * heads;
  }

  @Override
  public int positions() {
    return values.length;
  }

  @Override
  public int position(int row) {
    return row / heads;
  }

  @Override
  public int head(int row) {
    return row % heads;
  }

  @Override
  public int width(int row) {
    return values(row).length;
  }

  @Override
  public void read(int row, float[] into) {
    read(row, into, 0);
  }

  @Override
  public void read(int row, float[] into, int at) {
    System.arraycopy(values(row), 0, into, at, values(row).length);
  }

  @Override
  public void write(int row, float[] from) {
    System.arraycopy(from, 0, values(row), 0, values(row).length);
  }

  private float[] values(int row) {
    return values[row / heads][row % heads];
  }
}
