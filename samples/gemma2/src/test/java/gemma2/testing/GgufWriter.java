package gemma2.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Writes GGUF files and says where each field of the header stands, so that it can be broken. */
public final class GgufWriter {

  public static final int UINT8 = 0;
  public static final int UINT32 = 4;
  public static final int INT32 = 5;
  public static final int FLOAT32 = 6;
  public static final int BOOL = 7;
  public static final int STRING = 8;
  public static final int ARRAY = 9;
  public static final int UINT64 = 10;

  /** What a field of the header is. */
  public enum Kind {
    MAGIC,
    VERSION,
    TENSOR_COUNT,
    KEY_COUNT,
    KEY_LENGTH,
    KEY,
    TYPE,
    NUMBER,
    STRING_LENGTH,
    STRING,
    ITEM_TYPE,
    ITEM_COUNT,
    NAME_LENGTH,
    NAME,
    DIMENSIONS,
    EXTENT,
    TENSOR_TYPE,
    OFFSET
  }

  /** A field of the header: what it is, which one of them, and the bytes it takes. */
  public record Field(Kind kind, String of, int at, int length) {}

  private record Tensor(String name, int type, List<Integer> shape, byte[] data) {}

  /** Writes what belongs to one key. */
  @FunctionalInterface
  private interface Entry {
    void write();
  }

  private final List<Entry> metadata = new ArrayList<>();
  private final List<Tensor> tensors = new ArrayList<>();
  private final List<Field> fields = new ArrayList<>();
  private ByteBuffer out = buffer(1 << 12);
  private int version = 3;
  private int alignment = 32;
  private int headerLength;

  public GgufWriter version(int version) {
    this.version = version;
    return this;
  }

  /** The alignment, and the key that tells it. */
  public GgufWriter alignment(int alignment) {
    this.alignment = alignment;
    return number("general.alignment", UINT32, alignment);
  }

  public GgufWriter string(String key, String value) {
    return entry(key, STRING, () -> text(Kind.STRING_LENGTH, Kind.STRING, key, value));
  }

  /** A number of one of the types whose constants this class has. */
  public GgufWriter number(String key, int type, double value) {
    return entry(key, type, () -> put(Kind.NUMBER, key, type, value));
  }

  public GgufWriter strings(String key, List<String> values) {
    return array(
        key,
        STRING,
        values.size(),
        () -> values.forEach(value -> text(Kind.STRING_LENGTH, Kind.STRING, key, value)));
  }

  /** An array of numbers of one type. */
  public GgufWriter numbers(String key, int type, List<? extends Number> values) {
    return array(
        key,
        type,
        values.size(),
        () -> values.forEach(value -> put(Kind.NUMBER, key, type, value.doubleValue())));
  }

  /** An array whose items are written by somebody else. */
  private GgufWriter array(String key, int type, int count, Entry items) {
    return entry(
        key,
        ARRAY,
        () -> {
          put(Kind.ITEM_TYPE, key, UINT32, type);
          put(Kind.ITEM_COUNT, key, UINT64, count);
          items.write();
        });
  }

  /**
   * Appends a tensor.
   *
   * @param type id of its type, as ggml has it
   * @param shape rows, columns; the file has them in the other order
   */
  public GgufWriter tensor(String name, int type, List<Integer> shape, byte[] data) {
    tensors.add(new Tensor(name, type, shape, data));
    return this;
  }

  private GgufWriter entry(String key, int type, Entry value) {
    metadata.add(() -> {
      text(Kind.KEY_LENGTH, Kind.KEY, key, key);
      put(Kind.TYPE, key, UINT32, type);
      value.write();
    });
    return this;
  }

  /** The file. */
  public byte[] bytes() {
    out = buffer(1 << 12);
    fields.clear();
    put(Kind.MAGIC, "file", UINT32, 0x46554747);
    put(Kind.VERSION, "file", UINT32, version);
    put(Kind.TENSOR_COUNT, "file", UINT64, tensors.size());
    put(Kind.KEY_COUNT, "file", UINT64, metadata.size());
    metadata.forEach(Entry::write);
    int offset = 0;
    for (Tensor tensor : tensors) {
      text(Kind.NAME_LENGTH, Kind.NAME, tensor.name(), tensor.name());
      put(Kind.DIMENSIONS, tensor.name(), UINT32, tensor.shape().size());
      for (int extent : tensor.shape().reversed()) {
        put(Kind.EXTENT, tensor.name(), UINT64, extent);
      }
      put(Kind.TENSOR_TYPE, tensor.name(), UINT32, tensor.type());
      put(Kind.OFFSET, tensor.name(), UINT64, offset);
      offset += padded(tensor.data().length);
    }
    headerLength = out.position();
    room(padded(headerLength) - headerLength).position(padded(headerLength));
    for (Tensor tensor : tensors) {
      int end = out.position() + padded(tensor.data().length);
      room(end - out.position()).put(tensor.data()).position(end);
    }
    byte[] bytes = new byte[out.position()];
    out.flip().get(bytes);
    return bytes;
  }

  /** Writes the file. */
  public void write(Path file) {
    try {
      Files.write(file, bytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The fields of the header of the file made last. */
  public List<Field> fields() {
    return List.copyOf(fields);
  }

  /** Bytes before the padding and the tensors' data of the file made last. */
  public int headerLength() {
    return headerLength;
  }

  private int padded(int length) {
    return (length + alignment - 1) / alignment * alignment;
  }

  private void text(Kind length, Kind kind, String of, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    put(length, of, UINT64, bytes.length);
    fields.add(new Field(kind, of, out.position(), bytes.length));
    room(bytes.length).put(bytes);
  }

  private void put(Kind kind, String of, int type, double value) {
    int at = room(8).position();
    switch (type) {
      case UINT8, BOOL -> out.put((byte) value);
      case UINT32, INT32 -> out.putInt((int) (long) value);
      case FLOAT32 -> out.putFloat((float) value);
      case UINT64 -> out.putLong((long) value);
      default -> throw new IllegalArgumentException("no number has type " + type);
    }
    fields.add(new Field(kind, of, at, out.position() - at));
  }

  private ByteBuffer room(int length) {
    if (out.remaining() < length) {
      out = buffer(2 * (out.position() + length)).put(out.flip());
    }
    return out;
  }

  private static ByteBuffer buffer(int length) {
    return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
  }
}
