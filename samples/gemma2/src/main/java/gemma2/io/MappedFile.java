package gemma2.io;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Files that are mapped, not read, so that their size is limited by the address space only. */
final class MappedFile {

  private MappedFile() {}

  /** The bytes of a file; it is unmapped once nothing of them is reachable. */
  static MemorySegment map(Path file) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), Arena.ofAuto());
    } catch (IOException e) {
      throw TextFile.unreadable(file, e);
    }
  }
}
