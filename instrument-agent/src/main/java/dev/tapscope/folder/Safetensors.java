package dev.tapscope.folder;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes the safetensors format: the length of the header in 8 bytes, a JSON header padded with
 * spaces so that the data begins at a multiple of 8, the data. Wide elements come first, which
 * keeps every tensor aligned without gaps.
 */
final class Safetensors {
  private Safetensors() {}

  static void write(Path file, Map<String, Column> columns, Map<String, String> metadata)
      throws IOException {
    List<Map.Entry<String, Column>> ordered = new ArrayList<>(columns.entrySet());
    ordered.sort(
        Comparator.comparing((Map.Entry<String, Column> e) -> -e.getValue().dtype().bytes())
            .thenComparing(Map.Entry::getKey));
    byte[] header = header(ordered, metadata);
    WholeFile.write(
        file,
        out -> {
          out.write(
              ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(header.length).array());
          out.write(header);
          writeData(ordered, out);
        });
  }

  private static byte[] header(
      List<Map.Entry<String, Column>> columns, Map<String, String> metadata) {
    Map<String, Object> header = new LinkedHashMap<>();
    header.put("__metadata__", new TreeMap<>(metadata)); // so that equal shards are equal files
    long offset = 0;
    for (Map.Entry<String, Column> e : columns) {
      Column column = e.getValue();
      Map<String, Object> tensor = new LinkedHashMap<>();
      tensor.put("dtype", column.dtype().name());
      tensor.put("shape", column.shape());
      tensor.put("data_offsets", List.of(offset, offset + column.bytes()));
      header.put(e.getKey(), tensor);
      offset += column.bytes();
    }
    byte[] json = JsonText.of(header).getBytes(StandardCharsets.UTF_8);
    byte[] padded = Arrays.copyOf(json, (json.length + 7) / 8 * 8);
    Arrays.fill(padded, json.length, padded.length, (byte) ' ');
    return padded;
  }

  private static void writeData(List<Map.Entry<String, Column>> columns, OutputStream out)
      throws IOException {
    for (Map.Entry<String, Column> e : columns) {
      e.getValue().writeTo(out);
    }
  }
}
