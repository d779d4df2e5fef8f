package dev.tapscope.io;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/** Writes zips byte by byte (APPNOTE 6.3), so that each field can be chosen. */
public final class ZipBytes {
  private static final int ALL_ONES = -1;

  private final Map<String, byte[]> entries = new LinkedHashMap<>();
  private boolean deflated;
  private boolean zip64;
  private long claimedSize = -1;
  private int claimedMethod = -1;

  public ZipBytes entry(String name, byte[] content) {
    entries.put(name, content);
    return this;
  }

  public ZipBytes deflated() {
    deflated = true;
    return this;
  }

  /** Sizes and offsets in ZIP64 fields, as numpy writes them for large files. */
  public ZipBytes zip64() {
    zip64 = true;
    return this;
  }

  /** An unpacked size that the directory states for every entry, true or not. */
  public ZipBytes claimedSize(long size) {
    claimedSize = size;
    return this;
  }

  public ZipBytes claimedMethod(int method) {
    claimedMethod = method;
    return this;
  }

  public Path writeTo(Path file) {
    try {
      return Files.write(file, bytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public byte[] bytes() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream directory = new ByteArrayOutputStream();
    entries.forEach((name, content) -> {
      byte[] packed = deflated ? deflate(content) : content;
      long at = out.size();
      long size = claimedSize >= 0 ? claimedSize : content.length;
      byte[] title = name.getBytes(StandardCharsets.UTF_8);
      CRC32 crc = new CRC32();
      crc.update(content);
      out.writeBytes(header(0x04034b50, title, crc, packed.length, content.length, at));
      out.writeBytes(packed);
      directory.writeBytes(header(0x02014b50, title, crc, packed.length, size, at));
    });
    long start = out.size();
    out.writeBytes(directory.toByteArray());
    out.writeBytes(end(start, directory.size()));
    return out.toByteArray();
  }

  private byte[] header(
      int signature, byte[] title, CRC32 crc, int packed, long size, long offset) {
    boolean central = signature == 0x02014b50;
    int extra = zip64 ? (central ? 28 : 20) : 0;
    ByteBuffer b = buffer((central ? 46 : 30) + title.length + extra).putInt(signature);
    if (central) {
      b.putShort((short) 45);
    }
    int method = claimedMethod >= 0 ? claimedMethod : deflated ? 8 : 0;
    b.putShort((short) 45).putShort((short) 0).putShort((short) method).putInt(0x00210000);
    b.putInt((int) crc.getValue());
    b.putInt(zip64 ? ALL_ONES : packed).putInt(zip64 ? ALL_ONES : (int) size);
    b.putShort((short) title.length).putShort((short) extra);
    if (central) {
      b.putShort((short) 0).putShort((short) 0).putShort((short) 0).putInt(0);
      b.putInt(zip64 ? ALL_ONES : (int) offset);
    }
    b.put(title);
    if (zip64) {
      b.putShort((short) 1).putShort((short) (extra - 4)).putLong(size).putLong(packed);
      if (central) {
        b.putLong(offset);
      }
    }
    return b.array();
  }

  private byte[] end(long start, int size) {
    short count = (short) entries.size();
    ByteBuffer b = buffer(22 + (zip64 ? 76 : 0));
    if (zip64) {
      b.putInt(0x06064b50).putLong(44).putShort((short) 45).putShort((short) 45);
      b.putInt(0).putInt(0).putLong(count).putLong(count).putLong(size).putLong(start);
      b.putInt(0x07064b50).putInt(0).putLong(start + size).putInt(1);
    }
    b.putInt(0x06054b50).putInt(0).putShort(zip64 ? -1 : count).putShort(zip64 ? -1 : count);
    return b.putInt(zip64 ? ALL_ONES : size)
        .putInt(zip64 ? ALL_ONES : (int) start)
        .putShort((short) 0)
        .array();
  }

  private static ByteBuffer buffer(int size) {
    return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static byte[] deflate(byte[] content) {
    try (Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true)) {
      deflater.setInput(content);
      deflater.finish();
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      byte[] block = new byte[1024];
      while (!deflater.finished()) {
        out.write(block, 0, deflater.deflate(block));
      }
      return out.toByteArray();
    }
  }
}
