package gemma2.io;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A GGUF file, version 2 or 3: magic, version, two counts, metadata, where each tensor lies, and
 * the tensors' bytes. The file is mapped, not read; everything its header says is checked against
 * the file before it is believed. The format is described in {@code docs/gguf.md} of ggml.
 */
public final class Gguf {

  private static final int MAGIC = 'G' | 'G' << 8 | 'U' << 16 | 'F' << 24;

  private final Path file;
  private final MemorySegment bytes;
  private final int version;
  private final long tensorCount;
  private final Fields metadata;

  /** Stands before the first tensor's entry. */
  private final GgufCursor afterMetadata;

  Gguf(Path file, MemorySegment bytes) {
    this.file = file;
    this.bytes = bytes;
    GgufCursor in = new GgufCursor(file, bytes, 0);
    checkMagic(in);
    this.version = version(in);
    this.tensorCount = GgufTensors.count(in);
    long keys = GgufMetadata.count(in);
    this.metadata =
        Fields.ofMetadata("The metadata of " + file, GgufMetadata.read(in, bytes, keys));
    this.afterMetadata = in;
    refuseParts(in);
  }

  /**
   * The GGUF file that {@code model} names: itself, when it is a file, or the only one in a folder
   * that holds no safetensors. Empty when there is none.
   *
   * @throws InputException when a folder holds several, or the file cannot be used
   */
  public static Optional<Gguf> find(Path model) {
    if (Files.isRegularFile(model)) {
      return Optional.of(open(model));
    }
    if (!Files.isDirectory(model) || !named(model, ".safetensors").isEmpty()) {
      return Optional.empty();
    }
    List<Path> files = named(model, ".gguf");
    if (files.size() > 1) {
      throw new InputException(
          "weights-several",
          "%s holds %d GGUF files. Name one of them; parts of one model must be merged first, with"
                  .formatted(model, files.size())
              + " llama-gguf-split --merge.");
    }
    return files.stream().findFirst().map(Gguf::open);
  }

  private static Gguf open(Path file) {
    return new Gguf(file, MappedFile.map(file));
  }

  private static List<Path> named(Path folder, String ending) {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.getFileName().toString().toLowerCase(Locale.ROOT).endsWith(ending))
          .toList();
    } catch (IOException e) {
      throw TextFile.unreadable(folder, e);
    }
  }

  private static void checkMagic(GgufCursor in) {
    int magic = in.int32("the word GGUF");
    if (magic != MAGIC) {
      throw in.corrupt(
          "it begins with the bytes %08x, and a GGUF file with %08x, which reads GGUF"
              .formatted(Integer.reverseBytes(magic), Integer.reverseBytes(MAGIC)));
    }
  }

  private static int version(GgufCursor in) {
    int version = in.int32("the format's version");
    if (version == 2 || version == 3) {
      return version;
    }
    int reversed = Integer.reverseBytes(version);
    throw reversed >= 1 && reversed <= 3
        ? in.unsupported("it is written big-endian", "Get a little-endian file.")
        : in.unsupported(
            "it is of version %s of the format, and versions 2 and 3 are supported"
                .formatted(Integer.toUnsignedString(version)),
            "Convert the model again.");
  }

  private void refuseParts(GgufCursor in) {
    int parts = metadata.integer("split.count", 0, 1 << 16, 1);
    if (parts > 1) {
      throw in.unsupported(
          "it is one of %d parts of a model".formatted(parts),
          "Merge them with llama-gguf-split --merge, and name the result.");
    }
  }

  /** The file. */
  public Path file() {
    return file;
  }

  /** The version of the format. */
  public int version() {
    return version;
  }

  /** The metadata by key. Arrays are read from the file item by item, whenever asked for. */
  public Fields metadata() {
    return metadata;
  }

  /**
   * All tensors in the order of their bytes, their shapes as elsewhere: rows, then columns.
   *
   * @throws InputException when one has a type that is not supported, or lies outside the file
   */
  public List<Tensor> tensors() {
    return GgufTensors.read(afterMetadata.copy(), bytes, tensorCount, metadata);
  }
}
