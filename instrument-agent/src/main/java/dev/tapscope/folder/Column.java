package dev.tapscope.folder;

import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;

/**
 * A tensor that grows by rows. Its bytes lie in chunks that are never copied, so that a column of a
 * few rows is small and one of gigabytes needs no array of that size.
 */
final class Column {
  private static final int SMALLEST_CHUNK = 1 << 10;
  private static final int LARGEST_CHUNK = 1 << 20;

  /** {@link #width} of a 1-D tensor. */
  static final int FLAT = -1;

  private final Dtype dtype;
  private final int width;
  private final List<byte[]> chunks = new ArrayList<>();
  private int used;
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

  void append(byte[] data) {
    int done = 0;
    while (done < data.length) {
      if (chunks.isEmpty() || used == last().length) {
        chunks.add(new byte[nextChunk()]);
        used = 0;
      }
      int count = Math.min(data.length - done, last().length - used);
      System.arraycopy(data, done, last(), used, count);
      used += count;
      done += count;
    }
    bytes += data.length;
  }

  void writeTo(OutputStream out) throws IOException {
    for (int i = 0; i < chunks.size(); i++) {
      out.write(chunks.get(i), 0, i == chunks.size() - 1 ? used : chunks.get(i).length);
    }
  }

  private byte[] last() {
    return chunks.get(chunks.size() - 1);
  }

  private int nextChunk() {
    return chunks.isEmpty() ? SMALLEST_CHUNK : Math.min(LARGEST_CHUNK, 2 * last().length);
  }
}
