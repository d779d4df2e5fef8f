package dev.tapscope.io;

import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;

/**
 * The numbers of one tensor, read from the file each time they are asked for, wherever they lie:
 * unlike those of a mapped file, they take no memory of the process. Immutable; may be read from
 * several threads.
 */
public final class UnmappedTensor {
  private static final int PIECE = 1 << 16;

  private final ArrayFile file;
  private final String name;
  private final Dtype dtype;
  private final long position;
  private final long count;

  /**
   * @param position of the first byte in the file
   * @param count of numbers
   */
  UnmappedTensor(ArrayFile file, String name, Dtype dtype, long position, long count) {
    this.file = file;
    this.name = name;
    this.dtype = dtype;
    this.position = position;
    this.count = count;
  }

  /**
   * Reads consecutive numbers, in stored order, as float32 in native byte order.
   *
   * @param from index of the first one
   * @param into the first number's index there is {@code at}
   * @throws TapscopeException {@code file-unreadable}, {@code safetensors-corrupt} when the file
   *     has become shorter, or {@code safetensors-dtype} when the tensor holds whole numbers
   */
  public void floats(long from, long numbers, MemorySegment into, long at) {
    if (!dtype.floating()) {
      throw file.unsupported(
          "%s holds %s where floating-point numbers were wanted".formatted(name, dtype));
    }
    if (from < 0 || numbers < 0 || from + numbers > count) {
      throw new IndexOutOfBoundsException(
          "numbers %d to %d of %s, which has %d".formatted(from, from + numbers, name, count));
    }
    ByteBuffer piece = ByteBuffer.allocate(PIECE).order(ByteOrder.LITTLE_ENDIAN);
    float[] values = new float[PIECE / dtype.bytes()];
    try (FileChannel channel = FileChannel.open(file.path(), StandardOpenOption.READ)) {
      for (long done = 0; done < numbers; done += values.length) {
        int some = (int) Math.min(values.length, numbers - done);
        fill(
            channel,
            position + (from + done) * dtype.bytes(),
            piece.clear().limit(some * dtype.bytes()));
        dtype.floats(piece.flip(), values, 0, some);
        MemorySegment.copy(
            values, 0, into, ValueLayout.JAVA_FLOAT, (at + done) * Float.BYTES, some);
      }
    } catch (IOException e) {
      throw file.unreadable(e);
    }
  }

  private void fill(FileChannel channel, long at, ByteBuffer piece) throws IOException {
    while (piece.hasRemaining()) {
      if (channel.read(piece, at + piece.position()) < 0) {
        throw file.corrupt("it ends within its tensor " + name);
      }
    }
  }
}
