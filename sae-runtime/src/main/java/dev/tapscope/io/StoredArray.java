package dev.tapscope.io;

import dev.tapscope.tap.TapscopeException;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * One array of a file. Name, type and shape are known and agree with the bytes that are there; the
 * numbers are read on demand, each time from the start. Immutable; may be read from several
 * threads.
 */
public final class StoredArray {
  private static final int BLOCK_BYTES = 1 << 16;

  /** Receives the rows of an array one after the other. */
  @FunctionalInterface
  public interface RowReader {
    /**
     * @param index 0-based number of the row in the order of the file
     * @param row its values; the array is used again for the next row
     */
    void row(long index, float[] row);
  }

  /** Where the bytes come from. */
  interface Content {
    Bytes open() throws IOException;
  }

  /** The bytes of one array, read once from front to back. */
  interface Bytes extends Closeable {
    /** Reads exactly {@code count} bytes. */
    void read(byte[] into, int count) throws IOException;

    /** Checks what can only be checked after the last byte. */
    void end() throws IOException;
  }

  private final ArrayFile file;
  private final String name;
  private final Dtype dtype;
  private final Shape shape;
  private final boolean columnMajor;
  private final Content content;

  StoredArray(
      ArrayFile file, String name, Dtype dtype, Shape shape, boolean columnMajor, Content content) {
    this.file = file;
    this.name = name;
    this.dtype = dtype;
    this.shape = shape;
    this.columnMajor = columnMajor;
    this.content = content;
  }

  public String name() {
    return name;
  }

  public Dtype dtype() {
    return dtype;
  }

  public Shape shape() {
    return shape;
  }

  /** {@code W_enc of /path/params.npz}, for messages. */
  public String where() {
    return name + " of " + file.path();
  }

  /**
   * Whether the file holds the numbers in column-major (Fortran) order, so that a stored row runs
   * along the first axis. Always false for arrays of fewer than two axes.
   */
  public boolean columnMajor() {
    return columnMajor && shape.rank() > 1;
  }

  /** Number of values in a stored row: the size of the axis that runs fastest, 1 for a scalar. */
  public long rowWidth() {
    if (shape.rank() == 0) {
      return 1;
    }
    return shape.size(columnMajor() ? 0 : shape.rank() - 1);
  }

  private long count() {
    return shape.bytes(dtype).orElseThrow() / dtype.bytes();
  }

  /**
   * Reads all rows as they are stored, converted to float.
   *
   * @throws TapscopeException when the array holds no floating-point numbers, or its bytes turn out
   *     to be damaged
   */
  public void rows(RowReader reader) {
    if (!dtype.floating()) {
      throw file.unsupported(
          "%s holds %s where floating-point numbers were wanted".formatted(name, dtype));
    }
    long rows = count() == 0 ? 0 : count() / rowWidth();
    float[] row = new float[rows == 0 ? 0 : javaSize(rowWidth())];
    try (Bytes bytes = content.open()) {
      Block block = new Block(bytes);
      for (long r = 0; r < rows; r++) {
        int done = 0;
        while (done < row.length) {
          int count = block.next(row.length - done);
          dtype.floats(block.buffer, row, done, count);
          done += count;
        }
        reader.row(r, row);
      }
      bytes.end();
    } catch (IOException e) {
      throw file.unreadable(e);
    }
  }

  /** All values of an array of floating-point numbers, in stored order. */
  public float[] floats() {
    float[] all = new float[javaSize(count())];
    rows((index, row) ->
        System.arraycopy(row, 0, all, Math.toIntExact(index * row.length), row.length));
    return all;
  }

  /** All values of an array of whole numbers, in stored order. */
  public long[] longs() {
    if (dtype.floating()) {
      throw file.unsupported("%s holds %s where whole numbers were wanted".formatted(name, dtype));
    }
    long[] all = new long[javaSize(count())];
    try (Bytes bytes = content.open()) {
      Block block = new Block(bytes);
      int done = 0;
      while (done < all.length) {
        int count = block.next(all.length - done);
        for (int i = 0; i < count; i++) {
          all[done++] = dtype.integer(block.buffer);
        }
      }
      bytes.end();
    } catch (IOException e) {
      throw file.unreadable(e);
    }
    return all;
  }

  /** Copies the bytes as the file holds them: little-endian, in stored order. */
  public void copyTo(MemorySegment into) {
    if (into.byteSize() != shape.bytes(dtype).orElseThrow()) {
      throw new IllegalArgumentException(
          "%s has %d bytes, not %d"
              .formatted(where(), shape.bytes(dtype).orElseThrow(), into.byteSize()));
    }
    byte[] block = new byte[BLOCK_BYTES];
    try (Bytes bytes = content.open()) {
      for (long at = 0; at < into.byteSize(); at += BLOCK_BYTES) {
        int count = (int) Math.min(BLOCK_BYTES, into.byteSize() - at);
        bytes.read(block, count);
        MemorySegment.copy(block, 0, into, ValueLayout.JAVA_BYTE, at, count);
      }
      bytes.end();
    } catch (IOException e) {
      throw file.unreadable(e);
    }
  }

  private int javaSize(long size) {
    if (size > Integer.MAX_VALUE - 16) {
      throw TapscopeException.failed(
          "array-size",
          "%s has %d numbers in one piece; at most %d fit. Split the file."
              .formatted(where(), size, Integer.MAX_VALUE - 16));
    }
    return (int) size;
  }

  /** A window of whole numbers over the bytes. */
  private final class Block {
    private final Bytes bytes;
    private final byte[] raw = new byte[BLOCK_BYTES];
    private final ByteBuffer buffer = ByteBuffer.wrap(raw).order(ByteOrder.LITTLE_ENDIAN);

    Block(Bytes bytes) {
      this.bytes = bytes;
    }

    /** Fills the buffer with at most {@code wanted} numbers and says with how many. */
    int next(int wanted) throws IOException {
      int count = Math.min(wanted, BLOCK_BYTES / dtype.bytes());
      bytes.read(raw, count * dtype.bytes());
      buffer.clear();
      return count;
    }
  }
}
