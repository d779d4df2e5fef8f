package gemma2.io;

import gemma2.math.Dtype;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads the tensors of a GGUF file: a name, a shape, a type and a place each, then the bytes, every
 * tensor's from a multiple of the alignment on.
 */
final class GgufTensors {

  private static final int MOST_DIMENSIONS = 4;
  private static final int DEFAULT_ALIGNMENT = 32;

  /** A name's length, the number of dimensions, one dimension, the type, the place. */
  private static final int SHORTEST_ENTRY = 8 + 4 + 8 + 4 + 8;

  private static final Map<Integer, Dtype> SUPPORTED =
      Map.of(
          0,
          Dtype.F32,
          1,
          Dtype.F16,
          2,
          Dtype.Q4_0,
          8,
          Dtype.Q8_0,
          12,
          Dtype.Q4_K,
          14,
          Dtype.Q6_K,
          30,
          Dtype.BF16);

  /** The types of ggml that are not supported, by id. */
  private static final Map<Integer, String> OTHERS =
      Map.ofEntries(
          Map.entry(3, "Q4_1"),
          Map.entry(6, "Q5_0"),
          Map.entry(7, "Q5_1"),
          Map.entry(9, "Q8_1"),
          Map.entry(10, "Q2_K"),
          Map.entry(11, "Q3_K"),
          Map.entry(13, "Q5_K"),
          Map.entry(15, "Q8_K"),
          Map.entry(16, "IQ2_XXS"),
          Map.entry(17, "IQ2_XS"),
          Map.entry(18, "IQ3_XXS"),
          Map.entry(19, "IQ1_S"),
          Map.entry(20, "IQ4_NL"),
          Map.entry(21, "IQ3_S"),
          Map.entry(22, "IQ2_S"),
          Map.entry(23, "IQ4_XS"),
          Map.entry(24, "I8"),
          Map.entry(25, "I16"),
          Map.entry(26, "I32"),
          Map.entry(27, "I64"),
          Map.entry(28, "F64"),
          Map.entry(29, "IQ1_M"),
          Map.entry(34, "TQ1_0"),
          Map.entry(35, "TQ2_0"),
          Map.entry(39, "MXFP4"));

  private final GgufCursor in;

  private GgufTensors(GgufCursor in) {
    this.in = in;
  }

  private record Entry(String name, Dtype dtype, List<Long> shape, long begin, long bytes) {

    long end() {
      return begin + bytes;
    }
  }

  /** How many tensors there are: a number that stands before the metadata. */
  static long count(GgufCursor in) {
    return in.count("tensors", SHORTEST_ENTRY, Integer.MAX_VALUE);
  }

  static List<Tensor> read(GgufCursor in, MemorySegment bytes, long count, Fields metadata) {
    GgufTensors tensors = new GgufTensors(in);
    long alignment = tensors.alignment(metadata);
    List<Entry> entries = tensors.entries(count);
    long dataBegin = aligned(in.at(), alignment);
    if (dataBegin > bytes.byteSize()) {
      throw in.corrupt("it ends before the bytes of its first tensor");
    }
    MemorySegment data = bytes.asSlice(dataBegin);
    tensors.checkContiguous(entries, data.byteSize(), alignment);
    return entries.stream().map(entry -> tensor(entry, data)).toList();
  }

  private long alignment(Fields metadata) {
    String key = "general.alignment";
    int alignment = metadata.integer(key, 1, 1 << 30, DEFAULT_ALIGNMENT);
    if (Integer.bitCount(alignment) != 1) {
      throw metadata.wrong(key, "a power of two", metadata.get(key));
    }
    return alignment;
  }

  private static long aligned(long at, long alignment) {
    return (at + alignment - 1) & -alignment;
  }

  private List<Entry> entries(long count) {
    List<Entry> entries = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (long i = 0; i < count; i++) {
      Entry entry = entry(in.string("the name of tensor %,d".formatted(i)));
      if (!names.add(entry.name())) {
        throw in.corrupt("it names tensor %s twice".formatted(entry.name()));
      }
      entries.add(entry);
    }
    entries.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
    return entries;
  }

  private Entry entry(String name) {
    List<Long> shape = shape(name);
    Dtype dtype = dtype(name);
    long begin = in.int64("the place of tensor " + name);
    return new Entry(name, dtype, shape, begin, size(name, dtype, shape));
  }

  /** The file has the columns first. */
  private List<Long> shape(String name) {
    int dimensions = in.int32("the number of dimensions of tensor " + name);
    if (dimensions < 1 || dimensions > MOST_DIMENSIONS) {
      throw in.corrupt(
          "tensor %s has %s dimensions, and 1 to %d are possible"
              .formatted(name, Integer.toUnsignedString(dimensions), MOST_DIMENSIONS));
    }
    List<Long> shape = new ArrayList<>();
    for (int i = 0; i < dimensions; i++) {
      long extent = in.int64("the shape of tensor " + name);
      if (extent < 1) {
        throw in.corrupt(
            "an extent of tensor %s is %s".formatted(name, Long.toUnsignedString(extent)));
      }
      shape.addFirst(extent);
    }
    return shape;
  }

  private Dtype dtype(String name) {
    int id = in.int32("the type of tensor " + name);
    Dtype dtype = SUPPORTED.get(id);
    if (dtype == null) {
      throw in.unsupported(
          "tensor %s is stored as %s, and only F32, F16, BF16, Q8_0, Q4_0, Q4_K and Q6_K are"
                  .formatted(name, OTHERS.getOrDefault(id, "type " + Integer.toUnsignedString(id)))
              + " supported",
          "Take another quantisation of the model: its Q8_0, Q6_K or Q4_K_M file has only these.");
    }
    return dtype;
  }

  private long size(String name, Dtype dtype, List<Long> shape) {
    long columns = shape.getLast();
    if (columns % dtype.blockLength() != 0) {
      throw in.corrupt(
          "a row of tensor %s has %,d numbers, and %s comes in blocks of %d"
              .formatted(name, columns, dtype, dtype.blockLength()));
    }
    try {
      long size = dtype.bytes(columns);
      for (long extent : shape.subList(0, shape.size() - 1)) {
        size = Math.multiplyExact(size, extent);
      }
      return size;
    } catch (ArithmeticException e) {
      throw new InputException(
          "gguf-corrupt",
          in.corrupt("the shape %s of tensor %s is impossibly large".formatted(shape, name))
              .getMessage(),
          e);
    }
  }

  /** Each tensor must begin at the first multiple of the alignment after the one before. */
  private void checkContiguous(List<Entry> entries, long dataBytes, long alignment) {
    long filled = 0;
    String before = "the header";
    for (Entry entry : entries) {
      long wanted = aligned(filled, alignment);
      if (entry.begin() != wanted) {
        throw in.corrupt(
            "tensor %s is placed at byte %s of the data, but after %s, with an alignment of %d, it"
                    .formatted(
                        entry.name(), Long.toUnsignedString(entry.begin()), before, alignment)
                + " must stand at %,d".formatted(wanted));
      }
      if (entry.bytes() > dataBytes - wanted) {
        throw in.corrupt(
            "tensor %s takes %,d bytes from byte %,d of the data on, which has %,d; the file may"
                    .formatted(entry.name(), entry.bytes(), wanted, dataBytes)
                + " not be here whole");
      }
      filled = entry.end();
      before = "tensor " + entry.name();
    }
    if (dataBytes > aligned(filled, alignment)) {
      throw in.corrupt("%,d bytes at its end belong to no tensor".formatted(dataBytes - filled));
    }
  }

  private static Tensor tensor(Entry entry, MemorySegment data) {
    MemorySegment slice = data.asSlice(entry.begin(), entry.bytes());
    return new Tensor(entry.name(), entry.dtype(), entry.shape(), slice);
  }
}
