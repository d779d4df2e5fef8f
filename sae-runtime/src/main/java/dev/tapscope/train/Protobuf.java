package dev.tapscope.train;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** A Protocol Buffers message in the making, field by field, in the encoding of version 3. */
final class Protobuf {
  private static final int VARINT = 0;
  private static final int FIXED_64 = 1;
  private static final int LENGTH = 2;
  private static final int FIXED_32 = 5;

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  Protobuf varint(int field, long value) {
    raw((long) field << 3 | VARINT);
    raw(value);
    return this;
  }

  Protobuf float64(int field, double value) {
    raw((long) field << 3 | FIXED_64);
    bytes.writeBytes(littleEndian(8).putDouble(value).array());
    return this;
  }

  Protobuf float32(int field, float value) {
    raw((long) field << 3 | FIXED_32);
    bytes.writeBytes(littleEndian(4).putFloat(value).array());
    return this;
  }

  Protobuf text(int field, String value) {
    return block(field, value.getBytes(StandardCharsets.UTF_8));
  }

  Protobuf message(int field, Protobuf value) {
    return block(field, value.bytes());
  }

  private Protobuf block(int field, byte[] value) {
    raw((long) field << 3 | LENGTH);
    raw(value.length);
    bytes.writeBytes(value);
    return this;
  }

  /** Seven bits a byte, lowest first; the high bit says that more follow. */
  private void raw(long value) {
    long rest = value;
    while ((rest & ~0x7fL) != 0) {
      bytes.write((int) (rest & 0x7f | 0x80));
      rest >>>= 7;
    }
    bytes.write((int) rest);
  }

  byte[] bytes() {
    return bytes.toByteArray();
  }

  private static ByteBuffer littleEndian(int count) {
    return ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
  }
}
