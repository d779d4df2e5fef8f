package gemma2.bench;

import gemma2.io.InputException;
import gemma2.io.JsonWriter;
import gemma2.math.Dtype;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A checkpoint of random weights in the form in which Hugging Face has real ones: config.json and
 * model.safetensors, or shards of at most 5 GB with an index. It has no tokenizer.
 */
public final class SyntheticCheckpoint {

  /** The size of shards that Hugging Face's libraries write. */
  private static final long LARGEST_SHARD = 5_000_000_000L;

  private static final int BUFFER = 8 << 20;

  private final Shape shape;
  private final Dtype dtype;
  private final long seed;
  private final Disk disk;
  private final long largestShard;

  /** The checkpoint of a shape; equal seeds draw equal weights. */
  public SyntheticCheckpoint(Shape shape, Dtype dtype, long seed) {
    this(shape, dtype, seed, Disk.REAL, LARGEST_SHARD);
  }

  SyntheticCheckpoint(Shape shape, Dtype dtype, long seed, Disk disk, long largestShard) {
    this.shape = shape;
    this.dtype = dtype;
    this.seed = seed;
    this.disk = disk;
    this.largestShard = largestShard;
  }

  /** The bytes of all its weights. */
  public long bytes() {
    return shape.tensors().values().stream().mapToLong(this::size).sum();
  }

  /**
   * Writes it into a folder that exists. What was written before a failure stays there: give a
   * {@link ScratchFolder}.
   *
   * @throws InputException when there is no room for it, or the disk fails
   */
  public void write(Path folder) {
    try {
      checkRoom(folder);
      writeConfig(folder);
      writeWeights(folder);
    } catch (IOException e) {
      throw new InputException(
          "bench-unwritable",
          "The checkpoint of %,d bytes could not be written to %s: %s. Make room there, or name a folder elsewhere with --keep."
              .formatted(bytes(), folder, e.getMessage()),
          e);
    }
  }

  private void checkRoom(Path folder) throws IOException {
    long free = disk.free(folder);
    if (free < bytes()) {
      throw new InputException(
          "bench-unwritable",
          "The checkpoint takes %,d bytes, but %s has room for %,d. Make room, name a folder elsewhere with --keep, or take fewer --layers."
              .formatted(bytes(), folder, free));
    }
  }

  private void writeConfig(Path folder) throws IOException {
    String torchDtype =
        switch (dtype) {
          case F32 -> "float32";
          case F16 -> "float16";
          case BF16 -> "bfloat16";
          default -> dtype.name().toLowerCase(Locale.ROOT);
        };
    Files.writeString(folder.resolve("config.json"), shape.config(torchDtype));
  }

  private void writeWeights(Path folder) throws IOException {
    List<Map<String, List<Integer>>> shards = shards();
    RandomWeights weights = new RandomWeights(dtype, seed);
    Map<String, Object> places = new LinkedHashMap<>();
    for (int i = 0; i < shards.size(); i++) {
      String file =
          shards.size() == 1
              ? "model.safetensors"
              : "model-%05d-of-%05d.safetensors".formatted(i + 1, shards.size());
      writeShard(folder.resolve(file), shards.get(i), weights);
      shards.get(i).keySet().forEach(name -> places.put(name, file));
    }
    if (shards.size() > 1) {
      Map<String, Object> index = new LinkedHashMap<>();
      index.put("metadata", Map.of("total_size", bytes()));
      index.put("weight_map", places);
      Files.writeString(folder.resolve("model.safetensors.index.json"), JsonWriter.write(index));
    }
  }

  /** The tensors in their order, as many in a shard as fit. */
  private List<Map<String, List<Integer>>> shards() {
    List<Map<String, List<Integer>>> shards = new ArrayList<>();
    Map<String, List<Integer>> shard = new LinkedHashMap<>();
    long filled = 0;
    for (Map.Entry<String, List<Integer>> tensor : shape.tensors().entrySet()) {
      long size = size(tensor.getValue());
      if (filled > 0 && filled + size > largestShard) {
        shards.add(shard);
        shard = new LinkedHashMap<>();
        filled = 0;
      }
      shard.put(tensor.getKey(), tensor.getValue());
      filled += size;
    }
    shards.add(shard);
    return shards;
  }

  private void writeShard(Path file, Map<String, List<Integer>> tensors, RandomWeights weights)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER).order(ByteOrder.LITTLE_ENDIAN);
    try (WritableByteChannel channel = disk.create(file)) {
      writeAll(channel, header(tensors));
      for (List<Integer> extents : tensors.values()) {
        for (long left = size(extents); left > 0; left -= buffer.limit()) {
          weights.fill(buffer);
          buffer.limit((int) Math.min(left, BUFFER));
          writeAll(channel, buffer);
        }
      }
    }
  }

  private static void writeAll(WritableByteChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /** The length, then the header, filled up with spaces to a multiple of eight bytes. */
  private ByteBuffer header(Map<String, List<Integer>> tensors) {
    Map<String, Object> entries = new LinkedHashMap<>();
    entries.put("__metadata__", Map.of("format", "pt"));
    long begin = 0;
    for (Map.Entry<String, List<Integer>> tensor : tensors.entrySet()) {
      long end = begin + size(tensor.getValue());
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("dtype", dtype.name());
      entry.put("shape", tensor.getValue());
      entry.put("data_offsets", List.of(begin, end));
      entries.put(tensor.getKey(), entry);
      begin = end;
    }
    String json = JsonWriter.write(entries);
    byte[] text = (json + " ".repeat(-json.length() & 7)).getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(Long.BYTES + text.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(text.length)
        .put(text)
        .flip();
  }

  private long size(List<Integer> extents) {
    long numbers = 1;
    for (int extent : extents) {
      numbers *= extent;
    }
    return dtype.bytes(numbers);
  }
}
