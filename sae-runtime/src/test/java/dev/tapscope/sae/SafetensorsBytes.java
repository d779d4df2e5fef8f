package dev.tapscope.sae;

import dev.tapscope.io.NpyBytes;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.StringJoiner;

/** Writes F32 safetensors files of any rank, as the format's description has them. */
final class SafetensorsBytes {
  /** A tensor; its shape is JSON. */
  @SuppressWarnings("ArrayRecordComponent") // test data, never compared
  record Tensor(String name, String shape, float[] values) {}

  private SafetensorsBytes() {}

  static Path write(Path file, List<Tensor> tensors) {
    ByteArrayOutputStream data = new ByteArrayOutputStream();
    StringJoiner header = new StringJoiner(",", "{", "}");
    for (Tensor tensor : tensors) {
      int begin = data.size();
      data.writeBytes(NpyBytes.f4(tensor.values()));
      header.add(
          "\"%s\":{\"dtype\":\"F32\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
              .formatted(tensor.name(), tensor.shape(), begin, data.size()));
    }
    byte[] text = header.toString().getBytes(StandardCharsets.UTF_8);
    ByteBuffer all =
        ByteBuffer.allocate(8 + text.length + data.size()).order(ByteOrder.LITTLE_ENDIAN);
    try {
      return Files.write(file, all.putLong(text.length).put(text).put(data.toByteArray()).array());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
