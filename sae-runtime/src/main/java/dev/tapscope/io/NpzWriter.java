package dev.tapscope.io;

import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.CheckedOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Collects named arrays and writes them as {@code numpy.savez} does: a zip of npy arrays, stored
 * without compression, ZIP64 where they are large. The same arrays give the same bytes.
 */
public final class NpzWriter {
  /** The first moment a zip can state, so that the bytes do not depend on the hour. */
  private static final LocalDateTime NO_TIME = LocalDateTime.of(1980, 1, 1, 0, 0);

  /** An npy file's data begin at a multiple of this. */
  private static final int ALIGNMENT = 64;

  private static final int NPY_PREFIX = 10;

  private final Map<String, FloatTable> arrays = new LinkedHashMap<>();

  /** Adds an array; its rows are asked for, twice each, when the file is written. */
  public NpzWriter array(String name, FloatTable values) {
    arrays.put(name, values);
    return this;
  }

  /**
   * Writes the file, under its name only when whole.
   *
   * @throws TapscopeException {@code file-unwritable}
   */
  public void writeTo(Path path) {
    WholeFile.write(
        path,
        out -> {
          try (ZipOutputStream zip = new ZipOutputStream(out)) {
            for (Map.Entry<String, FloatTable> array : arrays.entrySet()) {
              write(zip, array.getKey(), array.getValue());
            }
          }
        });
  }

  private static void write(ZipOutputStream zip, String name, FloatTable values)
      throws IOException {
    byte[] header = header(values.shape());
    CRC32 crc = new CRC32();
    CheckedOutputStream summed = new CheckedOutputStream(OutputStream.nullOutputStream(), crc);
    summed.write(header);
    values.writeTo(summed);
    ZipEntry entry = new ZipEntry(name + ".npy");
    entry.setTimeLocal(NO_TIME);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(header.length + values.bytes());
    entry.setCrc(crc.getValue());
    zip.putNextEntry(entry);
    zip.write(header);
    values.writeTo(zip);
    zip.closeEntry();
  }

  /** Format: numpy.lib.format, version 1.0. */
  private static byte[] header(Shape shape) {
    String text = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + sizes(shape) + "), }";
    int used = NPY_PREFIX + text.length() + 1;
    int length = text.length() + 1 + Math.floorMod(-used, ALIGNMENT);
    String padded = text + " ".repeat(length - text.length() - 1) + "\n";
    byte[] header = new byte[NPY_PREFIX + length];
    header[0] = (byte) 0x93;
    System.arraycopy("NUMPY".getBytes(StandardCharsets.US_ASCII), 0, header, 1, 5);
    header[6] = 1;
    header[8] = (byte) length;
    header[9] = (byte) (length >> 8);
    System.arraycopy(padded.getBytes(StandardCharsets.US_ASCII), 0, header, NPY_PREFIX, length);
    return header;
  }

  /** {@code 2304, 16384}, or {@code 16384,} for one axis: a Python tuple. */
  private static String sizes(Shape shape) {
    return shape.rank() == 1 ? shape.size(0) + "," : shape.size(0) + ", " + shape.size(1);
  }
}
