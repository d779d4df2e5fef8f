package dev.tapscope.io;

import dev.tapscope.tap.TapscopeException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import tools.jackson.databind.json.JsonMapper;

/**
 * Collects named F32 tensors and writes them as one safetensors file, under its name only when
 * whole.
 */
public final class SafetensorsWriter {
  private static final JsonMapper JSON = new JsonMapper();

  private final Map<String, String> metadata = new TreeMap<>();
  private final Map<String, FloatTable> tensors = new LinkedHashMap<>();

  /** Sets one string of {@code __metadata__}. */
  public SafetensorsWriter metadata(String key, String value) {
    metadata.put(key, value);
    return this;
  }

  /** Adds a copy of an F32 tensor of one axis. */
  public SafetensorsWriter vector(String name, float[] values) {
    return tensor(name, FloatTable.vector(values.clone()));
  }

  /** Adds a tensor; its rows are asked for when the file is written. */
  public SafetensorsWriter tensor(String name, FloatTable values) {
    tensors.put(name, values);
    return this;
  }

  /**
   * @throws TapscopeException {@code file-unwritable}
   */
  public void writeTo(Path path) {
    WholeFile.write(
        path,
        out -> {
          byte[] header = header();
          out.write(
              ByteBuffer.allocate(Long.BYTES)
                  .order(ByteOrder.LITTLE_ENDIAN)
                  .putLong(header.length)
                  .array());
          out.write(header);
          for (FloatTable values : tensors.values()) {
            values.writeTo(out);
          }
        });
  }

  private byte[] header() {
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("__metadata__", metadata);
    long at = 0;
    for (Map.Entry<String, FloatTable> tensor : tensors.entrySet()) {
      Shape shape = tensor.getValue().shape();
      long end = at + tensor.getValue().bytes();
      Map<String, Object> entry = new LinkedHashMap<>(); // the same bytes whenever it is written
      entry.put("dtype", "F32");
      entry.put("shape", IntStream.range(0, shape.rank()).mapToObj(shape::size).toList());
      entry.put("data_offsets", List.of(at, end));
      root.put(tensor.getKey(), entry);
      at = end;
    }
    String json = JSON.writeValueAsString(root);
    int bytes = json.getBytes(StandardCharsets.UTF_8).length;
    int padding = -bytes & 7; // the data begin at a multiple of eight
    return (json + " ".repeat(padding)).getBytes(StandardCharsets.UTF_8);
  }
}
