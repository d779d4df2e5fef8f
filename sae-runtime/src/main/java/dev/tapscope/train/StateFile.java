package dev.tapscope.train;

import dev.tapscope.io.Safetensors;
import dev.tapscope.io.StoredArray;
import dev.tapscope.io.WholeFile;
import dev.tapscope.step.StateArray;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/** State arrays in a safetensors file that is there under its name only when it is whole. */
final class StateFile {
  private static final JsonMapper JSON = new JsonMapper();
  private static final int PIECE = 1 << 16;

  private StateFile() {}

  /**
   * Writes to a temporary name, forces it onto the disk, renames.
   *
   * @param arrays by their names in the file
   * @throws TapscopeException {@code file-unwritable}; what was there under the name still is
   */
  static void write(Path file, Map<String, String> metadata, Map<String, StateArray> arrays) {
    try {
      WholeFile.writeThrough(
          file,
          out -> {
            byte[] header = header(metadata, arrays);
            out.write(
                ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(header.length)
                    .array());
            out.write(header);
            for (StateArray array : arrays.values()) {
              write(array.values(), out);
            }
          });
    } catch (IOException e) {
      throw TapscopeException.failed(
          "file-unwritable",
          "The checkpoint %s cannot be written: %s. Training has stopped; %s. Make room, or make the folder writable, and %s."
              .formatted(
                  file,
                  e,
                  Files.exists(file)
                      ? "the checkpoint before it is kept"
                      : "there was none before it",
                  Files.exists(file) ? "go on with --resume" : "begin anew with --out"),
          e);
    }
  }

  private static byte[] header(Map<String, String> metadata, Map<String, StateArray> arrays) {
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("__metadata__", metadata);
    long at = 0;
    for (Map.Entry<String, StateArray> entry : arrays.entrySet()) {
      StateArray array = entry.getValue();
      long end = at + array.bytes();
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

  private static void write(MemorySegment values, OutputStream out) throws IOException {
    byte[] piece = new byte[PIECE];
    for (long at = 0; at < values.byteSize(); at += PIECE) {
      int count = (int) Math.min(PIECE, values.byteSize() - at);
      MemorySegment.copy(values, ValueLayout.JAVA_BYTE, at, piece, 0, count);
      out.write(piece, 0, count);
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
