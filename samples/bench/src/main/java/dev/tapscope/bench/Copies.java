package dev.tapscope.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** What somebody would write into the model by hand to keep its rows. */
public interface Copies {
  /** Keeps nothing. */
  Copies NONE = rows -> {};

  void keep(float[][] rows);

  /** Copies rows to fresh memory, and all of it to a file whenever it has reached a size. */
  final class ToFile implements Copies {
    private final Path file;
    private final long bound;
    private final List<float[]> kept = new ArrayList<>();
    private final ByteBuffer buffer =
        ByteBuffer.allocateDirect(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
    private long bytes;

    ToFile(Path file, long bound) {
      this.file = file;
      this.bound = bound;
    }

    @Override
    public void keep(float[][] rows) {
      int width = rows[0].length;
      float[] copy = new float[rows.length * width];
      for (int i = 0; i < rows.length; i++) {
        System.arraycopy(rows[i], 0, copy, i * width, width);
      }
      kept.add(copy);
      bytes += 4L * copy.length;
      if (bytes >= bound) {
        write();
      }
    }

    private void write() {
      try (FileChannel out =
          FileChannel.open(
              file,
              StandardOpenOption.CREATE,
              StandardOpenOption.WRITE,
              StandardOpenOption.TRUNCATE_EXISTING)) {
        for (float[] copy : kept) {
          for (int done = 0; done < copy.length; done += buffer.capacity() / Float.BYTES) {
            int count = Math.min(copy.length - done, buffer.capacity() / Float.BYTES);
            buffer.clear().limit(count * Float.BYTES);
            buffer.asFloatBuffer().put(copy, done, count);
            while (buffer.hasRemaining()) {
              out.write(buffer);
            }
          }
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      kept.clear();
      bytes = 0;
    }
  }
}
