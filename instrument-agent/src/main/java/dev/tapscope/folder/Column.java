package dev.tapscope.folder;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * A tensor that grows by rows. Its data lie in chunks that are never copied, so that a column of a
 * few rows is small and one of gigabytes needs no array of that size; an array that is handed over
 * becomes a chunk itself.
 */
final class Column {
  private static final int SMALLEST_CHUNK = 1 << 10;
  private static final int LARGEST_CHUNK = 1 << 20;

  /** Floats that are turned into bytes at once when the column is written. */
  private static final int FLOATS_AT_ONCE = 1 << 14;

  /** {@link #width} of a 1-D tensor. */
  static final int FLAT = -1;

  /** A part of the data that is full. */
  private interface Chunk {
    void writeTo(OutputStream out) throws IOException;
  }

  private record Bytes(byte[] data, int used) implements Chunk {
    @Override
    public void writeTo(OutputStream out) throws IOException {
      out.write(data, 0, used);
    }
  }

  private record Floats(float[] values) implements Chunk {
    @Override
    public void writeTo(OutputStream out) throws IOException {
      ByteBuffer bytes =
          ByteBuffer.allocate(Math.min(values.length, FLOATS_AT_ONCE) * Float.BYTES)
              .order(ByteOrder.LITTLE_ENDIAN);
      for (int done = 0; done < values.length; done += FLOATS_AT_ONCE) {
        int count = Math.min(values.length - done, FLOATS_AT_ONCE);
        bytes.asFloatBuffer().put(values, done, count);
        out.write(bytes.array(), 0, count * Float.BYTES);
      }
    }
  }

  private final Dtype dtype;
  private final int width;
  private final List<Chunk> full = new ArrayList<>();
  private byte[] open = new byte[0];
  private int used;
  private int next = SMALLEST_CHUNK;
  private long bytes;

  /**
   * @param width values in a row, or {@link #FLAT}
   */
  Column(Dtype dtype, int width) {
    this.dtype = dtype;
    this.width = width;
  }

  Dtype dtype() {
    return dtype;
  }

  int width() {
    return width;
  }

  /** Size of the data. */
  long bytes() {
    return bytes;
  }

  /** {@code [rows, width]}, or {@code [values]}. */
  List<Long> shape() {
    long values = bytes / dtype.bytes();
    if (width == FLAT) {
      return List.of(values);
    }
    return List.of(width == 0 ? 0 : values / width, (long) width);
  }

  /** Appends a copy. */
  void append(byte[] data) {
    int done = 0;
    while (done < data.length) {
      if (used == open.length) {
        closeChunk();
        open = new byte[next];
        next = Math.min(LARGEST_CHUNK, 2 * next);
      }
      int count = Math.min(data.length - done, open.length - used);
      System.arraycopy(data, done, open, used, count);
      used += count;
      done += count;
    }
    bytes += data.length;
  }

  /** Appends an array of F32, which nobody may change any more. */
  void adopt(float[] values) {
    closeChunk();
    full.add(new Floats(values));
    bytes += (long) values.length * Float.BYTES;
  }

  private void closeChunk() {
    if (used > 0) {
      full.add(new Bytes(open, used));
      open = new byte[0];
      used = 0;
    }
  }

  void writeTo(OutputStream out) throws IOException {
    for (Chunk chunk : full) {
      chunk.writeTo(out);
    }
    out.write(open, 0, used);
  }
}
