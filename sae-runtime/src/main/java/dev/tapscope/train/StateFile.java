package dev.tapscope.train;

import dev.tapscope.io.Safetensors;
import dev.tapscope.io.StoredArray;
import dev.tapscope.step.StateArray;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/** State arrays in a safetensors file that is there under its name only when it is whole. */
final class StateFile {
  private static final JsonMapper JSON = new JsonMapper();
  private static final long PIECE = 1 << 26;

  private StateFile() {}

  /**
   * Writes to a temporary name, forces it onto the disk, renames.
   *
   * @param arrays by their names in the file
   * @throws TapscopeException {@code file-unwritable}; what was there under the name still is
   */
  static void write(Path file, Map<String, String> metadata, Map<String, StateArray> arrays) {
    Path part = file.resolveSibling(file.getFileName() + ".tmp");
    try {
      try (FileChannel channel =
          FileChannel.open(
              part,
              StandardOpenOption.CREATE,
              StandardOpenOption.WRITE,
              StandardOpenOption.TRUNCATE_EXISTING)) {
        byte[] header = header(metadata, arrays);
        ByteBuffer start = ByteBuffer.allocate(8 + header.length).order(ByteOrder.LITTLE_ENDIAN);
        write(channel, start.putLong(header.length).put(header).flip());
        for (StateArray array : arrays.values()) {
          write(channel, array.values());
        }
        channel.force(true);
      } catch (IOException e) {
        Files.deleteIfExists(part); // of a full disk, what there is is wanted elsewhere
        throw e;
      }
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw TapscopeException.failed(
          "file-unwritable",
          "The checkpoint %s cannot be written: %s. Training has stopped; the checkpoint before it is kept. Make room, or make the folder writable, and go on with --resume."
              .formatted(file, e),
          e);
    }
  }

  private static byte[] header(Map<String, String> metadata, Map<String, StateArray> arrays) {
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("__metadata__", metadata);
    long at = 0;
    for (Map.Entry<String, StateArray> entry : arrays.entrySet()) {
      StateArray array = entry.getValue();
      long end = at + array.values().byteSize();
      Map<String, Object> tensor = new LinkedHashMap<>();
      tensor.put("dtype", array.element().name());
      tensor.put("shape", array.shape());
      tensor.put("data_offsets", List.of(at, end));
      root.put(entry.getKey(), tensor);
      at = end;
    }
    byte[] json = JSON.writeValueAsString(root).getBytes(StandardCharsets.UTF_8);
    byte[] padded = new byte[json.length + (-json.length & 7)];
    Arrays.fill(padded, (byte) ' ');
    System.arraycopy(json, 0, padded, 0, json.length);
    return padded;
  }

  private static void write(FileChannel channel, MemorySegment values) throws IOException {
    for (long at = 0; at < values.byteSize(); at += PIECE) {
      write(channel, values.asSlice(at, Math.min(PIECE, values.byteSize() - at)).asByteBuffer());
    }
  }

  private static void write(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /**
   * Fills state arrays from a file.
   *
   * @throws TapscopeException {@code checkpoint-unreadable} when one is missing or of another type
   *     or shape; nothing has been filled then
   */
  static void read(Path file, Map<String, StateArray> arrays) {
    Safetensors stored = Safetensors.open(file);
    List<Runnable> copies = new ArrayList<>();
    arrays.forEach((name, array) -> {
      StoredArray found =
          stored
              .find(name)
              .orElseThrow(() -> Checkpoint.unreadable(file, "it has no tensor " + name));
      String wanted = array.element() + " " + array.shape();
      String there = found.dtype() + " " + found.shape();
      if (!wanted.equals(there)) {
        throw Checkpoint.unreadable(
            file, "its tensor %s is %s, where this training has %s".formatted(name, there, wanted));
      }
      copies.add(() -> found.copyTo(array.values()));
    });
    copies.forEach(Runnable::run);
  }
}
