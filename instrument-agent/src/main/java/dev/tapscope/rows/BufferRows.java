package dev.tapscope.rows;

import java.nio.FloatBuffer;

/**
 * {@code FloatBuffer}: one row, from its position to its limit, neither of which is moved; {@code
 * FloatBuffer[]}: a row for each position.
 */
final class BufferRows implements Rows {
  private final FloatBuffer[] buffers;

  BufferRows(FloatBuffer... buffers) {
    this.buffers = buffers;
  }

  @Override
  public int rows() {
    return buffers.length;
  }

  @Override
  public int width(int row) {
    return buffers[row].remaining();
  }

  @Override
  public void read(int row, float[] into) {
    read(row, into, 0);
  }

  @Override
  public void read(int row, float[] into, int at) {
    FloatBuffer buffer = buffers[row];
    buffer.get(buffer.position(), into, at, buffer.remaining());
  }

  @Override
  public boolean writable(int row) {
    return !buffers[row].isReadOnly();
  }

  @Override
  public void write(int row, float[] from) {
    FloatBuffer buffer = buffers[row];
    buffer.put(buffer.position(), from, 0, buffer.remaining());
  }
}
