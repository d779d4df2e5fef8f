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

  /**
   * A file that is on the disk once closed, so that no writing disturbs what is timed later. It is
   * written in pieces that begin at multiples of their size: Linux keeps what is written so in
   * large pages, where a file system can, and looking pages up takes no time from what is timed.
   */
  final class Flushed implements WritableByteChannel {

    private static final int PIECE = 8 << 20;

    private final FileChannel file;
    private final ByteBuffer piece = ByteBuffer.allocateDirect(PIECE);

    Flushed(FileChannel file) {
      this.file = file;
    }

    @Override
    public int write(ByteBuffer bytes) throws IOException {
      int count = bytes.remaining();
      while (bytes.hasRemaining()) {
        int fits = Math.min(piece.remaining(), bytes.remaining());
        piece.put(bytes.slice(bytes.position(), fits));
        bytes.position(bytes.position() + fits);
        if (!piece.hasRemaining()) {
          writePiece();
        }
      }
      return count;
    }

    private void writePiece() throws IOException {
      piece.flip();
      while (piece.hasRemaining()) {
        file.write(piece);
      }
      piece.clear();
    }

    @Override
    public boolean isOpen() {
      return file.isOpen();
    }

    @Override
    public void close() throws IOException {
      try (file) {
        writePiece();
        file.force(false);
      }
    }
  }
}
