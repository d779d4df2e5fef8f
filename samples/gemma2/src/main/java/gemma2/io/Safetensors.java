package gemma2.io;

import gemma2.math.Dtype;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Reads a safetensors file: eight bytes of header length, a JSON header, then the tensors' bytes.
 * The file is mapped, not read, so its size is limited by the address space only; everything the
 * header says is checked against the file before it is believed.
 */
final class Safetensors {

  /** The format's own limit on the header. */
  private static final long LARGEST_HEADER = 100_000_000;

  private static final ValueLayout.OfLong LENGTH =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Path file;
  private final MemorySegment bytes;
  private final MemorySegment data;

  private Safetensors(Path file, MemorySegment bytes) {
    this.file = file;
    this.bytes = bytes;
    this.data = bytes.asSlice(8 + headerLength());
  }

  /** All tensors of a file, in the order of their bytes. */
  static List<Tensor> read(Path file) {
    Safetensors opened = new Safetensors(file, MappedFile.map(file));
    List<Entry> entries = opened.entries();
    opened.checkContiguous(entries);
    return entries.stream().map(opened::tensor).toList();
  }

  private record Entry(String name, Dtype dtype, List<Long> shape, long begin, long end) {}

  private long headerLength() {
    if (bytes.byteSize() < 8) {
      throw broken(
          "it has %d bytes, and the header's length alone takes 8".formatted(bytes.byteSize()));
    }
    long length = bytes.get(LENGTH, 0);
    if (length < 0 || length > LARGEST_HEADER) {
      throw broken(
          "its first 8 bytes announce a header of %s bytes, and at most %,d are allowed"
              .formatted(Long.toUnsignedString(length), LARGEST_HEADER));
    }
    if (length > bytes.byteSize() - 8) {
      throw broken(
          "it announces a header of %,d bytes, but only %,d follow"
              .formatted(length, bytes.byteSize() - 8));
    }
    return length;
  }

  private List<Entry> entries() {
    String source = "The header of " + file;
    Fields header = Fields.of(source, Json.parse(source, headerText()));
    List<Entry> entries = new ArrayList<>();
    for (String name : header.names()) {
      if (!name.equals("__metadata__")) {
        entries.add(entry(name, header.object(name)));
      }
    }
    entries.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
    return entries;
  }

  private String headerText() {
    byte[] header =
        bytes.asSlice(8, bytes.byteSize() - 8 - data.byteSize()).toArray(ValueLayout.JAVA_BYTE);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(header)).toString();
    } catch (CharacterCodingException e) {
      throw broken("its header is not UTF-8 text", e);
    }
  }

  private Entry entry(String name, Fields fields) {
    List<Long> shape = longs(fields, "shape");
    List<Long> offsets = longs(fields, "data_offsets");
    if (offsets.size() != 2) {
      throw broken(
          "\"data_offsets\" of tensor %s must be two numbers, but are %d"
              .formatted(name, offsets.size()));
    }
    long begin = offsets.get(0);
    long end = offsets.get(1);
    if (begin > end || end > data.byteSize()) {
      throw broken(
          "tensor %s claims bytes %,d to %,d of %,d".formatted(name, begin, end, data.byteSize()));
    }
    Dtype dtype = dtype(name, fields.string("dtype"));
    if (end - begin != size(name, dtype, shape)) {
      throw broken(
          "tensor %s of %s %s needs %,d bytes, but has %,d"
              .formatted(name, dtype, shape, size(name, dtype, shape), end - begin));
    }
    return new Entry(name, dtype, shape, begin, end);
  }

  /** An array of whole numbers, none below zero. */
  private List<Long> longs(Fields fields, String name) {
    List<Long> numbers = new ArrayList<>();
    for (Json item : fields.array(name)) {
      if (!(item instanceof Json.Num(String digits)) || !digits.matches("[0-9]{1,18}")) {
        throw fields.wrong(name, "an array of whole numbers, none below zero", item);
      }
      numbers.add(Long.parseLong(digits));
    }
    return numbers;
  }

  private Dtype dtype(String name, String stored) {
    return switch (stored) {
      case "F32" -> Dtype.F32;
      case "F16" -> Dtype.F16;
      case "BF16" -> Dtype.BF16;
      default ->
          throw broken(
              "tensor %s is stored as %s, and only F32, F16 and BF16 are supported; convert it"
                  .formatted(name, stored));
    };
  }

  private long size(String name, Dtype dtype, List<Long> shape) {
    try {
      long size = dtype.bytes(1);
      for (long extent : shape) {
        size = Math.multiplyExact(size, extent);
      }
      return size;
    } catch (ArithmeticException e) {
      throw broken("the shape %s of tensor %s is impossibly large".formatted(shape, name), e);
    }
  }

  /** The tensors must fill the file: no byte twice, none without an owner. */
  private void checkContiguous(List<Entry> entries) {
    long filled = 0;
    String before = "the header";
    for (Entry entry : entries) {
      if (entry.begin() < filled) {
        throw broken("tensors %s and %s overlap".formatted(before, entry.name()));
      }
      if (entry.begin() > filled) {
        throw broken(
            "%,d bytes between %s and tensor %s belong to no tensor"
                .formatted(entry.begin() - filled, before, entry.name()));
      }
      filled = entry.end();
      before = entry.name();
    }
    if (filled != data.byteSize()) {
      throw broken("%,d bytes at its end belong to no tensor".formatted(data.byteSize() - filled));
    }
  }

  private Tensor tensor(Entry entry) {
    MemorySegment slice = data.asSlice(entry.begin(), entry.end() - entry.begin());
    return new Tensor(entry.name(), entry.dtype(), entry.shape(), slice);
  }

  private InputException broken(String why) {
    return new InputException(
        "safetensors-corrupt",
        "%s is not a usable safetensors file: %s. Get the file again.".formatted(file, why));
  }

  private InputException broken(String why, Exception cause) {
    return new InputException("safetensors-corrupt", broken(why).getMessage(), cause);
  }
}
