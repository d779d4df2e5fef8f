package dev.tapscope.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A safetensors file read by the letter of the format, which shares nothing with what writes it:
 * the data must begin at a multiple of 8, and the tensors must fill it without gap or overlap.
 */
public final class Shard {
  /** One tensor and its bytes. */
  public record Tensor(String dtype, List<Long> shape, ByteBuffer data) {
    public float[] floats() {
      require("F32");
      float[] values = new float[data.remaining() / 4];
      data.duplicate().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
      return values;
    }

    /** Row {@code i} of a 2-D F32 tensor. */
    public float[] row(int i) {
      int width = Math.toIntExact(shape.get(1));
      float[] row = new float[width];
      System.arraycopy(floats(), i * width, row, 0, width);
      return row;
    }

    public int[] ints() {
      require("I32");
      int[] values = new int[data.remaining() / 4];
      data.duplicate().order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(values);
      return values;
    }

    public long[] longs() {
      require("I64");
      long[] values = new long[data.remaining() / 8];
      data.duplicate().order(ByteOrder.LITTLE_ENDIAN).asLongBuffer().get(values);
      return values;
    }

    public short[] shorts() {
      short[] values = new short[data.remaining() / 2];
      data.duplicate().order(ByteOrder.LITTLE_ENDIAN).asShortBuffer().get(values);
      return values;
    }

    private void require(String wanted) {
      if (!dtype.equals(wanted)) {
        throw new IllegalStateException("a tensor of " + dtype + ", not " + wanted);
      }
    }
  }

  private final Map<String, Tensor> tensors = new LinkedHashMap<>();
  private final Map<String, String> metadata = new LinkedHashMap<>();

  private Shard() {}

  public static Shard read(Path file) {
    try {
      return parse(Files.readAllBytes(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** All shards of a kind in a folder, by number. */
  public static List<Shard> readAll(Path folder, String kind) {
    try (var files = Files.list(folder)) {
      return files
          .filter(f -> f.getFileName().toString().matches(kind + "-[0-9]{5}\\.safetensors"))
          .sorted()
          .map(Shard::read)
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Shard parse(byte[] file) {
    ByteBuffer all = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    int length = Math.toIntExact(all.getLong());
    if ((8 + length) % 8 != 0) {
      throw new IllegalStateException("the data begins at " + (8 + length));
    }
    Map<String, Object> header = Json.object(new String(file, 8, length, StandardCharsets.UTF_8));
    Shard shard = new Shard();
    Map<Long, Long> ranges = new LinkedHashMap<>();
    header.forEach((name, value) -> {
      Map<?, ?> entry = (Map<?, ?>) value;
      if (name.equals("__metadata__")) {
        entry.forEach((k, v) -> shard.metadata.put((String) k, (String) v));
        return;
      }
      List<Long> shape = numbers(entry.get("shape"));
      List<Long> offsets = numbers(entry.get("data_offsets"));
      ranges.put(offsets.get(0), offsets.get(1));
      String dtype = (String) entry.get("dtype");
      long size = shape.stream().reduce(1L, (a, b) -> a * b) * size(dtype);
      if (offsets.get(1) - offsets.get(0) != size) {
        throw new IllegalStateException(name + " has " + shape + " and " + offsets);
      }
      shard.tensors.put(
          name,
          new Tensor(
              dtype,
              shape,
              ByteBuffer.wrap(file, 8 + length + offsets.get(0).intValue(), Math.toIntExact(size))
                  .slice()));
    });
    long end = 0;
    List<Long> starts = new ArrayList<>(ranges.keySet());
    starts.sort(Comparator.naturalOrder());
    for (long start : starts) {
      if (start != end) {
        throw new IllegalStateException("a gap or an overlap at " + end + ": " + ranges);
      }
      end = ranges.get(start);
    }
    if (8 + length + end != file.length) {
      throw new IllegalStateException("data of " + end + " bytes in a file of " + file.length);
    }
    return shard;
  }

  private static int size(String dtype) {
    return switch (dtype) {
      case "I64" -> 8;
      case "F32", "I32" -> 4;
      case "F16", "BF16" -> 2;
      default -> throw new IllegalStateException("dtype " + dtype);
    };
  }

  private static List<Long> numbers(Object list) {
    return ((List<?>) list).stream().map(Long.class::cast).toList();
  }

  public Map<String, String> metadata() {
    return metadata;
  }

  public Set<String> names() {
    return tensors.keySet();
  }

  public Tensor tensor(String name) {
    if (!tensors.containsKey(name)) {
      throw new IllegalStateException("no tensor " + name + " among " + tensors.keySet());
    }
    return tensors.get(name);
  }
}
