package gemma2.io;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.AbstractList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntFunction;

/**
 * Reads the metadata of a GGUF file: a key, a type and a value each. Items of arrays stay in the
 * file until they are asked for; all lengths are checked at once.
 */
final class GgufMetadata {

  /** More than any vocabulary has. */
  private static final long LONGEST_ARRAY = 1 << 24;

  /** A length of nothing, a type, a value of one byte. */
  private static final int SHORTEST_ENTRY = 8 + 4 + 1;

  private final GgufCursor in;
  private final MemorySegment bytes;

  private GgufMetadata(GgufCursor in, MemorySegment bytes) {
    this.in = in;
    this.bytes = bytes;
  }

  /** How many entries there are: a number that stands before they do. */
  static long count(GgufCursor in) {
    return in.count("metadata keys", SHORTEST_ENTRY, Long.MAX_VALUE);
  }

  static Map<String, Json> read(GgufCursor in, MemorySegment bytes, long count) {
    return new GgufMetadata(in, bytes).entries(count);
  }

  private Map<String, Json> entries(long count) {
    Map<String, Json> entries = new LinkedHashMap<>();
    for (long i = 0; i < count; i++) {
      String key = in.string("metadata key %,d".formatted(i));
      if (entries.put(key, value(key)) != null) {
        throw in.corrupt("its metadata names \"%s\" twice".formatted(key));
      }
    }
    return entries;
  }

  private Json value(String key) {
    GgufType type = type(key);
    return switch (type) {
      case STRING -> new Json.Str(in.string("\"%s\"".formatted(key)));
      case ARRAY -> new Json.Arr(array(key));
      default -> scalar(key, type);
    };
  }

  private GgufType type(String key) {
    int id = in.int32("the type of \"%s\"".formatted(key));
    if (id < 0 || id >= GgufType.values().length) {
      throw in.corrupt(
          "\"%s\" is of type %s, and types are 0 to %d"
              .formatted(key, Integer.toUnsignedString(id), GgufType.values().length - 1));
    }
    return GgufType.values()[id];
  }

  private Json scalar(String key, GgufType type) {
    long at = in.pass(type.bytes, "\"%s\"".formatted(key));
    checkBooleans(key, type, at, 1);
    return type.read(bytes, at);
  }

  private List<Json> array(String key) {
    GgufType type = type(key);
    String items = "items of \"%s\"".formatted(key);
    return switch (type) {
      case ARRAY ->
          throw in.unsupported(
              "\"%s\" is an array of arrays".formatted(key), "Get a file without that key.");
      case STRING -> strings(key, (int) in.count(items, 8, LONGEST_ARRAY));
      default -> {
        int count = (int) in.count(items, type.bytes, LONGEST_ARRAY);
        long begin = in.pass((long) count * type.bytes, items);
        checkBooleans(key, type, begin, count);
        yield list(count, i -> type.read(bytes, begin + (long) i * type.bytes));
      }
    };
  }

  private List<Json> strings(String key, int count) {
    String what = "an item of \"%s\"".formatted(key);
    GgufCursor again = in.copy();
    for (int i = 0; i < count; i++) {
      in.passString(what);
    }
    // Only now is it certain that there are so many.
    long[] begins = new long[count];
    for (int i = 0; i < count; i++) {
      begins[i] = again.passString(what);
    }
    return list(count, i -> new Json.Str(in.stringAt(begins[i], what)));
  }

  private void checkBooleans(String key, GgufType type, long at, int count) {
    for (int i = 0; type == GgufType.BOOL && i < count; i++) {
      int stored = bytes.get(ValueLayout.JAVA_BYTE, at + i) & 0xFF;
      if (stored > 1) {
        throw in.corrupt(
            "\"%s\" must be true or false, written 1 or 0, but is %d".formatted(key, stored));
      }
    }
  }

  private static List<Json> list(int size, IntFunction<Json> item) {
    return new AbstractList<>() {
      @Override
      public Json get(int index) {
        return item.apply(Objects.checkIndex(index, size));
      }

      @Override
      public int size() {
        return size;
      }
    };
  }
}
