package gemma2.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Where a checkpoint is written. */
interface Disk {

  /** The real one. */
  Disk REAL =
      new Disk() {
        @Override
        public long free(Path folder) throws IOException {
          return Files.getFileStore(folder).getUsableSpace();
        }

        @Override
        public WritableByteChannel create(Path file) throws IOException {
          return new Flushed(
              FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
        }
      };

  /** Bytes that may still be written below a folder that exists. */
  long free(Path folder) throws IOException;

  /** A new file. */
  WritableByteChannel create(Path file) throws IOException;

  /** A file that is on the disk once closed, so that no writing disturbs what is timed later. */
  record Flushed(FileChannel file) implements WritableByteChannel {

    @Override
    public int write(ByteBuffer bytes) throws IOException {
      return file.write(bytes);
    }

    @Override
    public boolean isOpen() {
      return file.isOpen();
    }

    @Override
    public void close() throws IOException {
      try (file) {
        file.force(false);
      }
    }
  }
}
