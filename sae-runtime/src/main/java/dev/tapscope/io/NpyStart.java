package dev.tapscope.io;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * What comes before the numbers of an npy array, checked against the array's size.
 *
 * @param dtype type of the numbers
 * @param length bytes before the first number
 */
record NpyStart(NpyHeader header, Dtype dtype, long length) {
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
  private static final int MAX_HEADER = 1 << 20;

  /**
   * @param who begins sentences about faults: {@code entry W_enc.npy}
   * @param bytes the array from its first byte on
   * @param size bytes of the array, header and all
   */
  static NpyStart read(ArrayFile file, String who, StoredArray.Bytes bytes, long size)
      throws IOException {
    byte[] start = new byte[8];
    bytes.read(start, 8);
    for (int i = 0; i < MAGIC.length; i++) {
      if (start[i] != MAGIC[i]) {
        throw file.corrupt(who + " does not start as an npy array");
      }
    }
    int version = start[6];
    if (version < 1 || version > 3 || start[7] != 0) {
      throw file.corrupt(
          "%s is npy version %d.%d; 1.0, 2.0 and 3.0 are known"
              .formatted(who, start[6] & 0xff, start[7] & 0xff));
    }
    int lengthBytes = version == 1 ? 2 : 4;
    bytes.read(start, lengthBytes);
    long headerLength = 0;
    for (int i = 0; i < lengthBytes; i++) {
      headerLength |= (start[i] & 0xffL) << 8 * i;
    }
    long length = 8 + lengthBytes + headerLength;
    if (headerLength > MAX_HEADER || length > size) {
      throw file.corrupt(
          "%s states a header of %d bytes and has %d in all".formatted(who, headerLength, size));
    }
    byte[] text = new byte[(int) headerLength];
    bytes.read(text, text.length);
    NpyHeader header = header(file, who, new String(text, StandardCharsets.UTF_8));
    Dtype dtype = dtype(file, who, header.descr());
    if (header.shape().bytes(dtype).orElse(-1) != size - length) {
      throw file.corrupt(
          "%s states %s numbers of type %s, but holds %d bytes"
              .formatted(who, header.shape(), dtype, size - length));
    }
    return new NpyStart(header, dtype, length);
  }

  private static NpyHeader header(ArrayFile file, String who, String text) {
    try {
      return NpyHeader.parse(text);
    } catch (NpyHeader.Malformed e) {
      throw file.corrupt(who + ": " + e.getMessage(), e);
    }
  }

  private static Dtype dtype(ArrayFile file, String who, String descr) {
    return switch (descr) {
      case "<f8" -> Dtype.F64;
      case "<f4" -> Dtype.F32;
      case "<f2" -> Dtype.F16;
      case "<i8" -> Dtype.I64;
      case "<i4" -> Dtype.I32;
      case "|u1", "<u1" -> Dtype.U8;
      default ->
          throw file.unsupported(
              "%s holds numbers of numpy type '%s'; %s are read. Save it with .astype('<f4')"
                  .formatted(
                      who,
                      descr,
                      String.join(", ", List.of("<f2", "<f4", "<f8", "<i4", "<i8", "|u1"))));
    };
  }
}
