package dev.tapscope.rows;

import java.nio.FloatBuffer;

/** A {@code FloatBuffer}: one row, from its position to its limit, neither of which is moved. */
final class BufferRows implements Rows {
  private final FloatBuffer buffer;

  BufferRows(FloatBuffer buffer) {
    this.buffer = buffer;
  }

  @Override
  public int rows() {
    return 1;
  }

  @Override
  public int width(int row) {
    return buffer.remaining();
  }

  @Override
  public void read(int row, float[] into) {
    read(row, into, 0);
  }

  @Override
  public void read(int row, float[] into, int at) {
    buffer.get(buffer.position(), into, at, buffer.remaining());
  }

  @Override
  public void write(int row, float[] from) {
    buffer.put(buffer.position(), from, 0, buffer.remaining());
  }
}
