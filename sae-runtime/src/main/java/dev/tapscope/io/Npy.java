package dev.tapscope.io;

import dev.tapscope.tap.TapscopeException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** An npy file: one array, as {@code numpy.save} writes it. */
public final class Npy {
  private Npy() {}

  /**
   * Reads and checks the header; numbers are read on demand. The array goes by the file's name.
   *
   * @throws TapscopeException {@code npy-corrupt}, {@code npy-dtype}, {@code file-missing} or
   *     {@code file-unreadable}
   */
  public static StoredArray open(Path path) {
    ArrayFile file = new ArrayFile(path, "npy");
    long size = file.size();
    try (FileBytes bytes = new FileBytes(file)) {
      NpyStart start = NpyStart.read(file, "the file", bytes, size);
      return new StoredArray(
          file,
          path.getFileName().toString(),
          start.dtype(),
          start.header().shape(),
          start.header().fortranOrder(),
          () -> FileBytes.from(file, start.length()));
    } catch (IOException e) {
      throw file.unreadable(e);
    }
  }

  private static final class FileBytes implements StoredArray.Bytes {
    private final ArrayFile file;
    private final InputStream in;

    FileBytes(ArrayFile file) throws IOException {
      this.file = file;
      this.in = new BufferedInputStream(Files.newInputStream(file.path()));
    }

    static FileBytes from(ArrayFile file, long start) throws IOException {
      FileBytes bytes = new FileBytes(file);
      try {
        bytes.in.skipNBytes(start);
        return bytes;
      } catch (IOException e) {
        bytes.close();
        throw e;
      }
    }

    @Override
    public void read(byte[] into, int count) throws IOException {
      if (in.readNBytes(into, 0, count) < count) {
        throw file.corrupt("it ends early");
      }
    }

    @Override
    public void end() {}

    @Override
    public void close() throws IOException {
      in.close();
    }
  }
}
