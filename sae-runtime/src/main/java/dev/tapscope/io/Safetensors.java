package dev.tapscope.io;

import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A safetensors file, mapped: eight bytes of header length, a JSON header, the data. Opening checks
 * the whole header; the tensors must cover the data without gap or overlap, as the format asks.
 */
public final class Safetensors {
  private static final String METADATA = "__metadata__";

  /** The limit of the reference implementation. */
  private static final long MAX_HEADER = 100_000_000;

  private static final ValueLayout.OfLong LENGTH =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final ArrayFile file;
  private final Map<String, String> metadata;
  private final Map<String, StoredArray> tensors;
  private final Map<String, MemorySegment> bytes;
  private final MemorySegment mapped;

  private Safetensors(
      ArrayFile file,
      MemorySegment mapped,
      Map<String, String> metadata,
      Map<String, StoredArray> tensors,
      Map<String, MemorySegment> bytes) {
    this.file = file;
    this.mapped = mapped;
    this.metadata = Collections.unmodifiableMap(metadata);
    this.tensors = Collections.unmodifiableMap(tensors);
    this.bytes = Collections.unmodifiableMap(bytes);
  }

  /**
   * Opens a file that stays mapped as long as anything of it is in use.
   *
   * @throws TapscopeException {@code safetensors-corrupt}, {@code safetensors-dtype}, {@code
   *     file-missing} or {@code file-unreadable}
   */
  public static Safetensors open(Path path) {
    return open(path, Arena.ofAuto());
  }

  /**
   * Opens a file that stays mapped until {@code arena} is closed: for files that are deleted soon,
   * whose room the disk gets back no earlier than that.
   *
   * @throws TapscopeException as {@link #open(Path)}
   */
  public static Safetensors open(Path path, Arena arena) {
    ArrayFile file = new ArrayFile(path, "safetensors");
    long size = file.size();
    if (size < 8) {
      throw file.corrupt("it has %d bytes, not even a header length".formatted(size));
    }
    MemorySegment bytes = map(file, size, arena);
    long headerLength = bytes.get(LENGTH, 0);
    if (headerLength < 2 || headerLength > Math.min(MAX_HEADER, size - 8)) {
      throw file.corrupt(
          "it states a header of %s bytes in a file of %d"
              .formatted(Long.toUnsignedString(headerLength), size));
    }
    byte[] header = bytes.asSlice(8, headerLength).toArray(ValueLayout.JAVA_BYTE);
    return parse(file, header, bytes);
  }

  public Path path() {
    return file.path();
  }

  /** The strings of {@code __metadata__}; empty when there are none. */
  public Map<String, String> metadata() {
    return metadata;
  }

  public Map<String, StoredArray> tensors() {
    return tensors;
  }

  public Optional<StoredArray> find(String name) {
    return Optional.ofNullable(tensors.get(name));
  }

  /**
   * A tensor's bytes as they lie in the file: read-only, little-endian, at no alignment in
   * particular. For those who read rows in an order of their own.
   */
  public Optional<MemorySegment> bytes(String name) {
    return Optional.ofNullable(bytes.get(name));
  }

  /** A tensor to be read without the file being mapped: for files larger than the memory. */
  public Optional<UnmappedTensor> unmapped(String name) {
    return find(name)
        .map(tensor -> {
          MemorySegment own = bytes.get(name);
          return new UnmappedTensor(
              file,
              name,
              tensor.dtype(),
              own.address() - mapped.address(),
              own.byteSize() / tensor.dtype().bytes());
        });
  }

  private static MemorySegment map(ArrayFile file, long size, Arena arena) {
    try (FileChannel channel = FileChannel.open(file.path(), StandardOpenOption.READ)) {
      return channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
    } catch (IOException e) {
      throw file.unreadable(e);
    }
  }

  private static Safetensors parse(ArrayFile file, byte[] header, MemorySegment mapped) {
    MemorySegment data = mapped.asSlice(8 + header.length);
    JsonNode root;
    try {
      root = JSON.readTree(new String(header, StandardCharsets.UTF_8));
    } catch (JacksonException e) {
      throw file.corrupt("its header is no readable JSON (" + e.getOriginalMessage() + ")", e);
    }
    if (!root.isObject()) {
      throw file.corrupt("its header is no JSON object");
    }
    Map<String, String> metadata = new LinkedHashMap<>();
    Map<String, StoredArray> tensors = new TreeMap<>();
    Map<String, MemorySegment> bytes = new TreeMap<>();
    List<Range> ranges = new ArrayList<>();
    for (Map.Entry<String, JsonNode> entry : root.properties()) {
      if (entry.getKey().equals(METADATA)) {
        readMetadata(file, entry.getValue(), metadata);
      } else {
        Range range = tensor(file, entry.getKey(), entry.getValue(), data, tensors);
        ranges.add(range);
        bytes.put(range.name(), data.asSlice(range.begin(), range.end() - range.begin()));
      }
    }
    checkCover(file, ranges, data.byteSize());
    return new Safetensors(file, mapped, metadata, tensors, bytes);
  }

  private record Range(String name, long begin, long end) {}

  private static void readMetadata(ArrayFile file, JsonNode node, Map<String, String> into) {
    if (!node.isObject()) {
      throw file.corrupt("its " + METADATA + " is no JSON object");
    }
    for (Map.Entry<String, JsonNode> entry : node.properties()) {
      if (!entry.getValue().isString()) {
        throw file.corrupt("its %s '%s' is no string".formatted(METADATA, entry.getKey()));
      }
      into.put(entry.getKey(), entry.getValue().stringValue());
    }
  }

  private static Range tensor(
      ArrayFile file,
      String name,
      JsonNode node,
      MemorySegment data,
      Map<String, StoredArray> into) {
    Dtype dtype = dtype(file, name, node.path("dtype"));
    Shape shape = shape(file, name, node.path("shape"));
    List<Long> offsets = wholes(file, name, "data_offsets", node.path("data_offsets"));
    if (offsets.size() != 2) {
      throw file.corrupt("tensor %s has %d data offsets, not 2".formatted(name, offsets.size()));
    }
    long begin = offsets.getFirst();
    long end = offsets.getLast();
    if (end < begin || end > data.byteSize()) {
      throw file.corrupt(
          "tensor %s lies at bytes %d to %d of %d".formatted(name, begin, end, data.byteSize()));
    }
    if (shape.bytes(dtype).orElse(-1) != end - begin) {
      throw file.corrupt(
          "tensor %s states %s numbers of type %s, but %d bytes"
              .formatted(name, shape, dtype, end - begin));
    }
    MemorySegment bytes = data.asSlice(begin, end - begin);
    into.put(name, new StoredArray(file, name, dtype, shape, false, () -> new MappedBytes(bytes)));
    return new Range(name, begin, end);
  }

  private static Dtype dtype(ArrayFile file, String name, JsonNode node) {
    if (!node.isString()) {
      throw file.corrupt("tensor " + name + " states no dtype");
    }
    for (Dtype dtype : Dtype.values()) {
      if (dtype.name().equals(node.stringValue())) {
        return dtype;
      }
    }
    throw file.unsupported(
        "tensor %s holds numbers of type '%s'; %s are read"
            .formatted(name, node.stringValue(), List.of(Dtype.values())));
  }

  private static Shape shape(ArrayFile file, String name, JsonNode node) {
    return Shape.of(
        wholes(file, name, "shape", node).stream().mapToLong(Long::longValue).toArray());
  }

  private static List<Long> wholes(ArrayFile file, String name, String key, JsonNode node) {
    if (!node.isArray()) {
      throw file.corrupt("tensor %s states no %s".formatted(name, key));
    }
    List<Long> values = new ArrayList<>();
    for (JsonNode value : node) {
      if (!value.isIntegralNumber() || !value.canConvertToLong() || value.longValue() < 0) {
        throw file.corrupt("tensor %s has %s in its %s".formatted(name, value, key));
      }
      values.add(value.longValue());
    }
    return values;
  }

  private static void checkCover(ArrayFile file, List<Range> ranges, long size) {
    List<Range> inOrder =
        ranges.stream()
            .sorted(Comparator.comparingLong(Range::begin).thenComparingLong(Range::end))
            .toList();
    long covered = 0;
    for (Range range : inOrder) {
      if (range.begin() != covered) {
        throw file.corrupt(
            "tensor %s starts at byte %d where the one before ends at %d"
                .formatted(range.name(), range.begin(), covered));
      }
      covered = range.end();
    }
    if (covered != size) {
      throw file.corrupt("its tensors end at byte %d, its data at %d".formatted(covered, size));
    }
  }

  private static final class MappedBytes implements StoredArray.Bytes {
    private final MemorySegment bytes;
    private long at;

    MappedBytes(MemorySegment bytes) {
      this.bytes = bytes;
    }

    @Override
    public void read(byte[] into, int count) {
      MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, at, into, 0, count);
      at += count;
    }

    @Override
    public void end() {}

    @Override
    public void close() {}
  }
}
