package gemma2.io;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** The types of metadata values, in the order of their ids. */
enum GgufType {
  UINT8(1),
  INT8(1),
  UINT16(2),
  INT16(2),
  UINT32(4),
  INT32(4),
  FLOAT32(4),
  BOOL(1),
  STRING(0),
  ARRAY(0),
  UINT64(8),
  INT64(8),
  FLOAT64(8);

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Bytes of a value; 0 where that differs. */
  final int bytes;

  GgufType(int bytes) {
    this.bytes = bytes;
  }

  /** The value that stands at byte {@code at}, of a type of fixed size. */
  Json read(MemorySegment data, long at) {
    return switch (this) {
      case UINT8 -> number(data.get(ValueLayout.JAVA_BYTE, at) & 0xFF);
      case INT8 -> number(data.get(ValueLayout.JAVA_BYTE, at));
      case UINT16 -> number(data.get(SHORT, at) & 0xFFFF);
      case INT16 -> number(data.get(SHORT, at));
      case UINT32 -> number(data.get(INT, at) & 0xFFFF_FFFFL);
      case INT32 -> number(data.get(INT, at));
      case INT64 -> number(data.get(LONG, at));
      case UINT64 -> new Json.Num(Long.toUnsignedString(data.get(LONG, at)));
      // The shortest digits that round to the float: what a config.json would have said.
      case FLOAT32 -> new Json.Num(Float.toString(data.get(FLOAT, at)));
      case FLOAT64 -> new Json.Num(Double.toString(data.get(DOUBLE, at)));
      case BOOL -> new Json.Bool(data.get(ValueLayout.JAVA_BYTE, at) != 0);
      case STRING, ARRAY -> throw new IllegalArgumentException(this + " has no fixed size");
    };
  }

  private static Json number(long number) {
    return new Json.Num(Long.toString(number));
  }
}
