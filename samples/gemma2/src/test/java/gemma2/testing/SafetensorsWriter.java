package gemma2.testing;

import gemma2.io.JsonWriter;
import gemma2.math.Dtype;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes safetensors files, sound ones and, given a header of one's own, broken ones. */
public final class SafetensorsWriter {

  private final Map<String, Object> header = new LinkedHashMap<>();
  private final ByteArrayOutputStream data = new ByteArrayOutputStream();

  /** Appends a tensor, its numbers rounded to {@code dtype}. */
  public SafetensorsWriter add(String name, Dtype dtype, List<Integer> shape, float[] numbers) {
    int begin = data.size();
    data.writeBytes(encode(dtype, numbers));
    Map<String, Object> entry = new LinkedHashMap<>();
    entry.put("dtype", dtype.name());
    entry.put("shape", shape);
    entry.put("data_offsets", List.of(begin, data.size()));
    header.put(name, entry);
    return this;
  }

  /** Writes the file. */
  public void write(Path file) {
    write(file, JsonWriter.write(header), data.toByteArray());
  }

  /** Writes a header and data that need not fit each other. */
  public static void write(Path file, String header, byte[] data) {
    byte[] text = header.getBytes(StandardCharsets.UTF_8);
    ByteBuffer all =
        ByteBuffer.allocate(8 + text.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
    all.putLong(text.length).put(text).put(data);
    try {
      Files.write(file, all.array());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * The stored bytes of numbers. bf16 is cut, not rounded: give numbers that fit; blocks hold them
   * roughly.
   */
  public static byte[] encode(Dtype dtype, float[] numbers) {
    if (dtype.blockLength() > 1) {
      return Blocks.quantize(dtype, numbers);
    }
    ByteBuffer bytes =
        ByteBuffer.allocate((int) dtype.bytes(numbers.length)).order(ByteOrder.LITTLE_ENDIAN);
    for (float number : numbers) {
      switch (dtype) {
        case F32 -> bytes.putFloat(number);
        case F16 -> bytes.putShort(Float.floatToFloat16(number));
        case BF16 -> bytes.putShort((short) (Float.floatToRawIntBits(number) >>> 16));
        default -> throw new IllegalArgumentException(dtype + " has blocks");
      }
    }
    return bytes.array();
  }
}
