package gemma2.text;

import gemma2.io.InputException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * Reads protobuf messages, as far as SentencePiece uses them. Call {@link #next} until it says
 * false; after each true, read the field with the method of its kind, or {@link #skip} it.
 */
final class ProtoReader {

  private static final int VARINT = 0;
  private static final int FIXED64 = 1;
  private static final int BYTES = 2;
  private static final int FIXED32 = 5;

  private final String source;
  private final ByteBuffer in;
  private int tag;

  ProtoReader(String source, byte[] message) {
    this(source, ByteBuffer.wrap(message));
  }

  private ProtoReader(String source, ByteBuffer in) {
    this.source = source;
    this.in = in.order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Moves to the next field; false at the end of the message. */
  boolean next() {
    if (!in.hasRemaining()) {
      return false;
    }
    long key = varint();
    if (key <= 0 || key > 0xFFFF_FFFFL) {
      throw broken("a field's number is out of range");
    }
    tag = (int) key;
    return true;
  }

  /** The number of the field. */
  int field() {
    return tag >>> 3;
  }

  int integer() {
    expect(VARINT);
    return (int) varint();
  }

  boolean flag() {
    return integer() != 0;
  }

  float number() {
    expect(FIXED32);
    need(4);
    return in.getFloat();
  }

  String string() {
    ByteBuffer bytes = slice();
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
    } catch (CharacterCodingException e) {
      throw broken("a text is not UTF-8");
    }
  }

  ProtoReader message() {
    return new ProtoReader(source, slice());
  }

  /** How many bytes a field of bytes has; the field is skipped. */
  int byteCount() {
    return slice().remaining();
  }

  void skip() {
    switch (tag & 7) {
      case VARINT -> varint();
      case FIXED64 -> in.position(in.position() + need(8));
      case BYTES -> slice();
      case FIXED32 -> in.position(in.position() + need(4));
      default -> throw broken("a field has the unknown wire type " + (tag & 7));
    }
  }

  private void expect(int wireType) {
    if ((tag & 7) != wireType) {
      throw broken("field %d has wire type %d, not %d".formatted(field(), tag & 7, wireType));
    }
  }

  private ByteBuffer slice() {
    expect(BYTES);
    long length = varint();
    if (length < 0 || length > in.remaining()) {
      throw broken(
          "a field claims %s bytes, but %d are left"
              .formatted(Long.toUnsignedString(length), in.remaining()));
    }
    ByteBuffer slice = in.slice(in.position(), (int) length);
    in.position(in.position() + (int) length);
    return slice;
  }

  private long varint() {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      need(1);
      byte b = in.get();
      value |= (b & 0x7FL) << shift;
      if (b >= 0) {
        return value;
      }
    }
    throw broken("a number has more than ten bytes");
  }

  private int need(int bytes) {
    if (in.remaining() < bytes) {
      throw broken("it ends in the middle of a field");
    }
    return bytes;
  }

  private InputException broken(String why) {
    return new InputException(
        "tokenizer-corrupt",
        "%s is not a SentencePiece model: %s. Get the file again.".formatted(source, why));
  }
}
