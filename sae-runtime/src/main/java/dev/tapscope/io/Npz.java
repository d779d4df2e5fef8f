package dev.tapscope.io;

import dev.tapscope.tap.TapscopeException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * An npz file: a zip, stored or deflated, ZIP64 or not, of npy arrays. Opening reads and checks the
 * header of every array; numbers are read on demand, and the CRC of an entry is checked when its
 * last number has been read.
 */
public final class Npz {
  private static final String SUFFIX = ".npy";

  /** Deflate cannot make an entry more than this many times smaller (RFC 1951). */
  private static final long MAX_DEFLATE_RATIO = 1032;

  private final ArrayFile file;
  private final Map<String, StoredArray> arrays;

  private Npz(ArrayFile file, Map<String, StoredArray> arrays) {
    this.file = file;
    this.arrays = Collections.unmodifiableMap(arrays);
  }

  /**
   * @throws TapscopeException {@code npz-corrupt}, {@code npz-dtype}, {@code file-missing} or
   *     {@code file-unreadable}
   */
  public static Npz open(Path path) {
    ArrayFile file = new ArrayFile(path, "npz");
    long size = file.size();
    Map<String, StoredArray> arrays = new TreeMap<>();
    try (ZipFile zip = openZip(file)) {
      for (ZipEntry entry : Collections.list(zip.entries())) {
        if (entry.isDirectory() || !entry.getName().endsWith(SUFFIX)) {
          throw file.corrupt("it has an entry " + entry.getName() + ", which is no npy array");
        }
        checkSizes(file, entry, size);
        StoredArray array = header(file, zip, entry);
        if (arrays.put(array.name(), array) != null) {
          throw file.corrupt("it has two entries " + entry.getName());
        }
      }
    } catch (IOException e) {
      throw file.unreadable(e);
    }
    return new Npz(file, arrays);
  }

  public Path path() {
    return file.path();
  }

  /** Arrays by name, without {@code .npy}. */
  public Map<String, StoredArray> arrays() {
    return arrays;
  }

  public Optional<StoredArray> find(String name) {
    return Optional.ofNullable(arrays.get(name));
  }

  private static ZipFile openZip(ArrayFile file) {
    try {
      return new ZipFile(file.path().toFile());
    } catch (FileSystemException | FileNotFoundException e) {
      throw file.unreadable(e);
    } catch (IOException e) {
      throw file.corrupt("its zip directory cannot be read (" + e.getMessage() + ")", e);
    } catch (IllegalArgumentException e) {
      throw file.corrupt("its zip directory has an entry with an unreadable name", e);
    }
  }

  private static void checkSizes(ArrayFile file, ZipEntry entry, long fileSize) {
    long packed = entry.getCompressedSize();
    long size = entry.getSize();
    boolean possible =
        switch (entry.getMethod()) {
          case ZipEntry.STORED -> packed == size;
          case ZipEntry.DEFLATED -> size >= 0 && size / MAX_DEFLATE_RATIO <= packed;
          default ->
              throw file.corrupt(
                  "entry %s is packed by method %d, neither stored nor deflated"
                      .formatted(entry.getName(), entry.getMethod()));
        };
    if (!possible || packed < 0 || packed > fileSize) {
      throw file.corrupt(
          "entry %s states %d bytes packed into %d, in a file of %d"
              .formatted(entry.getName(), size, packed, fileSize));
    }
  }

  private static StoredArray header(ArrayFile file, ZipFile zip, ZipEntry entry) {
    String entryName = entry.getName();
    try (EntryBytes bytes = new EntryBytes(file, zip, entry)) {
      NpyStart start = NpyStart.read(file, "entry " + entryName, bytes, entry.getSize());
      return new StoredArray(
          file,
          entryName.substring(0, entryName.length() - SUFFIX.length()),
          start.dtype(),
          start.header().shape(),
          start.header().fortranOrder(),
          () -> EntryBytes.at(file, entryName, entry.getSize(), start.length()));
    } catch (IOException e) {
      throw file.unreadable(e);
    }
  }

  /** The unpacked bytes of an entry, with the CRC taken as they pass. */
  private static final class EntryBytes implements StoredArray.Bytes {
    private final ArrayFile file;
    private final Optional<ZipFile> owned;
    private final ZipEntry entry;
    private final InputStream in;
    private final CRC32 crc = new CRC32();

    /** Reads from a zip that stays open. */
    EntryBytes(ArrayFile file, ZipFile zip, ZipEntry entry) {
      this(file, Optional.empty(), zip, entry);
    }

    private EntryBytes(ArrayFile file, Optional<ZipFile> owned, ZipFile zip, ZipEntry entry) {
      this.file = file;
      this.owned = owned;
      this.entry = entry;
      try {
        this.in = zip.getInputStream(entry);
      } catch (IOException e) {
        throw damaged(e);
      }
    }

    /** The file could be opened, so what goes wrong inside is taken for damage. */
    private TapscopeException damaged(IOException e) {
      return file.corrupt(
          "entry %s cannot be unpacked (%s)".formatted(entry.getName(), e.getMessage()), e);
    }

    /** Opens the zip anew and skips to the data of an entry seen before. */
    static EntryBytes at(ArrayFile file, String name, long size, long dataStart)
        throws IOException {
      ZipFile zip = openZip(file);
      try {
        ZipEntry entry = zip.getEntry(name);
        if (entry == null || entry.getSize() != size) {
          throw file.corrupt("entry " + name + " has changed since the file was opened");
        }
        EntryBytes bytes = new EntryBytes(file, Optional.of(zip), zip, entry);
        bytes.read(new byte[(int) dataStart], (int) dataStart);
        return bytes;
      } catch (RuntimeException e) {
        zip.close();
        throw e;
      }
    }

    @Override
    public void read(byte[] into, int count) {
      try {
        int got = in.readNBytes(into, 0, count);
        if (got < count) {
          throw file.corrupt("entry " + entry.getName() + " ends early");
        }
      } catch (IOException e) {
        throw damaged(e);
      }
      crc.update(into, 0, count);
    }

    @Override
    public void end() {
      boolean more;
      try {
        more = in.read() != -1;
      } catch (IOException e) {
        throw damaged(e);
      }
      if (more) {
        throw file.corrupt("entry " + entry.getName() + " is longer than it states");
      }
      if (crc.getValue() != entry.getCrc()) {
        throw file.corrupt("the checksum of entry " + entry.getName() + " does not hold");
      }
    }

    @Override
    public void close() throws IOException {
      in.close();
      if (owned.isPresent()) {
        owned.get().close();
      }
    }
  }
}
