package dev.tapscope.rows;

import java.nio.FloatBuffer;

/** {@code [position][head][key]}; the last key of a row is the row's own position. */
final class HeadRows implements Rows {
  /** Of each position a row for each head. */
  private final Rows[] values;

  private final int heads;

  private HeadRows(Rows[] values) {
    this.values = values;
    this.heads = values.length == 0 ? 0 : values[0].rows();
    for (Rows position : values) {
      if (position.rows() != heads) {
        throw new IllegalArgumentException(
            "positions of one attention value have "
                + heads
                + " and "
                + position.rows()
                + " heads");
      }
    }
  }

  static HeadRows of(float[][][] values) {
    Rows[] positions = new Rows[values.length];
    for (int i = 0; i < positions.length; i++) {
      positions[i] = new ArrayRows(values[i]);
    }
    return new HeadRows(positions);
  }

  /** The keys of a row are what remains of its buffer. */
  static HeadRows of(FloatBuffer[][] values) {
    Rows[] positions = new Rows[values.length];
    for (int i = 0; i < positions.length; i++) {
      positions[i] = new BufferRows(values[i]);
    }
    return new HeadRows(positions);
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
    return values[row / heads].width(row % heads);
  }

  @Override
  public void read(int row, float[] into) {
    read(row, into, 0);
  }

  @Override
  public void read(int row, float[] into, int at) {
    values[row / heads].read(row % heads, into, at);
  }

  @Override
  public boolean writable(int row) {
    return values[row / heads].writable(row % heads);
  }

  @Override
  public void write(int row, float[] from) {
    values[row / heads].write(row % heads, from);
  }
}
