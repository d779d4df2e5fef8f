package gemma2.io;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * A place in a GGUF file, which moves on with everything that is read. Nothing is believed to be
 * there before the file's end has been compared, and nothing is allocated for it.
 */
final class GgufCursor {

  /** Longer than any key, token or chat template in use. */
  private static final long LONGEST_STRING = 16 << 20;

  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Path file;
  private final MemorySegment bytes;
  private long at;

  GgufCursor(Path file, MemorySegment bytes, long at) {
    this.file = file;
    this.bytes = bytes;
    this.at = at;
  }

  /** Another one at the same place. */
  GgufCursor copy() {
    return new GgufCursor(file, bytes, at);
  }

  /** The byte that is read next. */
  long at() {
    return at;
  }

  /** How many bytes are left. */
  long left() {
    return bytes.byteSize() - at;
  }

  /**
   * Moves on and says where the bytes that are passed begin.
   *
   * @param what for errors, what they are
   */
  long pass(long count, String what) {
    if (count < 0 || count > left()) {
      throw corrupt(
          "it ends at byte %,d, and %s would take %s bytes from byte %,d on"
              .formatted(bytes.byteSize(), what, Long.toUnsignedString(count), at));
    }
    long begin = at;
    at += count;
    return begin;
  }

  int int32(String what) {
    return bytes.get(INT, pass(4, what));
  }

  long int64(String what) {
    return bytes.get(LONG, pass(8, what));
  }

  /** A count of things of at least {@code least} bytes each, that must fit in what is left. */
  long count(String what, long least, long most) {
    long count = int64("the number of " + what);
    if (count < 0 || count > left() / least || count > most) {
      throw corrupt(
          "it announces %s %s, and the %,d bytes that follow hold at most %,d"
              .formatted(
                  Long.toUnsignedString(count), what, left(), Math.min(left() / least, most)));
    }
    return count;
  }

  /** Passes a string and says where it begins: with its length. */
  long passString(String what) {
    long begin = at;
    long length = int64("the length of " + what);
    if (length < 0 || length > LONGEST_STRING) {
      throw corrupt(
          "%s would have %s bytes, and at most %,d are allowed"
              .formatted(what, Long.toUnsignedString(length), LONGEST_STRING));
    }
    pass(length, what);
    return begin;
  }

  String string(String what) {
    return stringAt(passString(what), what);
  }

  /** The string that begins, with its length, at a byte that {@link #passString} gave. */
  String stringAt(long begin, String what) {
    byte[] text = bytes.asSlice(begin + 8, bytes.get(LONG, begin)).toArray(ValueLayout.JAVA_BYTE);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(text)).toString();
    } catch (CharacterCodingException e) {
      throw new InputException(
          "gguf-corrupt", corrupt(what + " is not UTF-8 text").getMessage(), e);
    }
  }

  InputException corrupt(String why) {
    return new InputException(
        "gguf-corrupt",
        "%s is not a usable GGUF file: %s. Get the file again.".formatted(file, why));
  }

  InputException unsupported(String what, String remedy) {
    return new InputException(
        "gguf-unsupported", "%s cannot be used: %s. %s".formatted(file, what, remedy));
  }
}
