package dev.tapscope.io;

import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * Collects named vectors and writes them as one safetensors file, under its name only when whole.
 */
public final class SafetensorsWriter {
  private static final JsonMapper JSON = new JsonMapper();

  private final Map<String, String> metadata = new LinkedHashMap<>();
  private final Map<String, float[]> vectors = new LinkedHashMap<>();

  /** Sets one string of {@code __metadata__}. */
  public SafetensorsWriter metadata(String key, String value) {
    metadata.put(key, value);
    return this;
  }

  /** Adds a copy of an F32 tensor of one axis. */
  public SafetensorsWriter vector(String name, float[] values) {
    vectors.put(name, values.clone());
    return this;
  }

  /**
   * @throws TapscopeException {@code file-unwritable}
   */
  public void writeTo(Path path) {
    Path target = path.toAbsolutePath();
    Path whole = target.resolveSibling(target.getFileName() + ".tmp");
    try {
      try (OutputStream out = Files.newOutputStream(whole)) {
        byte[] header = header();
        out.write(littleEndian(8).putLong(header.length).array());
        out.write(header);
        for (float[] values : vectors.values()) {
          ByteBuffer bytes = littleEndian(Math.multiplyExact(values.length, Float.BYTES));
          bytes.asFloatBuffer().put(values);
          out.write(bytes.array());
        }
      }
      Files.move(
          whole, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw TapscopeException.failed(
          "file-unwritable",
          "%s cannot be written: %s. Check that its folder exists and may be written to."
              .formatted(path, e.getMessage()),
          e);
    }
  }

  private byte[] header() {
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("__metadata__", metadata);
    long at = 0;
    for (Map.Entry<String, float[]> vector : vectors.entrySet()) {
      long end = at + (long) vector.getValue().length * Float.BYTES;
      root.put(
          vector.getKey(),
          Map.of(
              "dtype", "F32",
              "shape", List.of(vector.getValue().length),
              "data_offsets", List.of(at, end)));
      at = end;
    }
    String json = JSON.writeValueAsString(root);
    int bytes = json.getBytes(StandardCharsets.UTF_8).length;
    int padding = -bytes & 7; // the data begin at a multiple of eight
    return (json + " ".repeat(padding)).getBytes(StandardCharsets.UTF_8);
  }

  private static ByteBuffer littleEndian(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
