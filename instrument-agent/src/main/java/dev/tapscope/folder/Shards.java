package dev.tapscope.folder;

import dev.tapscope.tap.ShardSeries;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * A series of safetensors files of one kind. The open shard is held in memory until it has reached
 * its size or the run ends; a group larger than that makes one larger shard.
 */
public final class Shards implements ShardSeries {
  private static final int SECONDS_FOR_A_GROUP = 20;

  private final Path folder;
  private final String kind;
  private final long bound;
  private final Map<String, String> metadata;
  private final Supplier<Map<String, String>> shardMetadata;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<String, Column> columns = new LinkedHashMap<>();
  private final Map<String, Long> pointers = new HashMap<>();
  private int number;
  private long bytes;
  private boolean closed;

  Shards(
      Path folder,
      String kind,
      long bound,
      Map<String, String> metadata,
      Supplier<Map<String, String>> shardMetadata) {
    this.folder = folder;
    this.kind = kind;
    this.bound = bound;
    this.metadata = Map.copyOf(metadata);
    this.shardMetadata = shardMetadata;
  }

  @Override
  public void begin() {
    lock.lock();
    if (closed) {
      lock.unlock();
      throw new IllegalStateException("The run folder is closed; nothing more can be written.");
    }
  }

  @Override
  public void end() {
    try {
      if (bytes >= bound && lock.getHoldCount() == 1) {
        writeShard();
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void floats(String name, String dtype, float[] row, int width) {
    Dtype type = Dtype.ofFloats(dtype);
    if (type == Dtype.F16) {
      checkF16(name, row, 0, width);
    }
    append(name, type, width, FloatCodec.encode(row, width, type));
  }

  /** Refuses a row f16 cannot hold: the {@code width} values from {@code from} on. */
  public static void checkF16(String name, float[] values, int from, int width) {
    int at = FloatCodec.firstF16Overflow(values, from, from + width);
    if (at >= 0) {
      throw TapscopeException.failed(
          "f16-overflow",
          "Value "
              + values[at]
              + " at column "
              + (at - from)
              + " of "
              + name
              + " is beyond what f16 can hold (65504); store it as bf16 or f32.");
    }
  }

  /**
   * Appends rows to the tensor {@code name} [rows, width].
   *
   * @param rows all of them, one after the other; belongs to the shard from here on
   */
  public void rows(String name, Dtype dtype, int width, float[] rows) {
    append(name, dtype, width, rows);
  }

  /** Appends values to the 1-D tensor {@code name}; the array belongs to the shard from here on. */
  public void values(String name, Dtype dtype, float[] values) {
    append(name, dtype, Column.FLAT, values);
  }

  /** Appends rows {@code first, position, third} to the I64 tensor {@code name} [rows, 3]. */
  public void places(String name, long first, long position, int count, long third) {
    ByteBuffer data = buffer(Math.multiplyExact(count, 3), Long.BYTES);
    for (int i = 0; i < count; i++) {
      data.putLong(first).putLong(position + i).putLong(third);
    }
    append(name, Dtype.I64, 3, data.array());
  }

  @Override
  public void values(String name, float[] values, int count) {
    append(name, Dtype.F32, Column.FLAT, FloatCodec.encode(values, count, Dtype.F32));
  }

  @Override
  public void ints(String name, int[] values, int count) {
    ByteBuffer data = buffer(count, Integer.BYTES);
    data.asIntBuffer().put(values, 0, count);
    append(name, Dtype.I32, Column.FLAT, data.array());
  }

  @Override
  public void longs(String name, long... row) {
    ByteBuffer data = buffer(row.length, Long.BYTES);
    data.asLongBuffer().put(row);
    append(name, Dtype.I64, row.length, data.array());
  }

  @Override
  public void pointer(String name, long count) {
    if (!pointers.containsKey(name)) {
      append(name, Dtype.I64, Column.FLAT, buffer(1, Long.BYTES).array());
    }
    long end = pointers.merge(name, count, Long::sum);
    append(name, Dtype.I64, Column.FLAT, buffer(1, Long.BYTES).putLong(0, end).array());
  }

  private static ByteBuffer buffer(int count, int size) {
    return ByteBuffer.allocate(Math.multiplyExact(count, size)).order(ByteOrder.LITTLE_ENDIAN);
  }

  private void append(String name, Dtype dtype, int width, float[] values) {
    if (dtype == Dtype.F32) {
      Column column = column(name, dtype, width);
      column.adopt(values);
      bytes += (long) values.length * Float.BYTES;
    } else {
      append(name, dtype, width, FloatCodec.encode(values, values.length, dtype));
    }
  }

  private void append(String name, Dtype dtype, int width, byte[] data) {
    column(name, dtype, width).append(data);
    bytes += data.length;
  }

  private Column column(String name, Dtype dtype, int width) {
    if (!lock.isHeldByCurrentThread()) {
      throw new IllegalStateException("Rows are appended between begin() and end().");
    }
    Column column = columns.computeIfAbsent(name, n -> new Column(dtype, width));
    if (column.dtype() != dtype || column.width() != width) {
      throw TapscopeException.failed(
          "row-width",
          "Tensor "
              + name
              + " of "
              + kind
              + " was begun with rows of "
              + column.width()
              + " "
              + column.dtype()
              + " and now gets one of "
              + width
              + " "
              + dtype
              + "; one tensor has one shape, so capture texts of different models apart.");
    }
    return column;
  }

  private void writeShard() {
    Path file = folder.resolve(String.format(Locale.ROOT, "%s-%05d.safetensors", kind, number));
    Map<String, String> all = new LinkedHashMap<>();
    all.put("format", RunDirectory.FORMAT);
    all.putAll(metadata);
    all.putAll(shardMetadata.get());
    try {
      Safetensors.write(file, columns, all);
    } catch (IOException e) {
      closed = true;
      throw RunDirectory.unwritten(file, e, number + " shards of " + kind + " before it are whole");
    }
    number++;
    columns.clear();
    pointers.clear();
    bytes = 0;
  }

  /** Writes the open shard. Nothing can be appended after. */
  void close() {
    try {
      if (!lock.tryLock(SECONDS_FOR_A_GROUP, TimeUnit.SECONDS)) {
        throw TapscopeException.failed(
            "shard-stuck",
            "The last shard of "
                + kind
                + " was not written: a hook began a group of rows and did not end it.");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw TapscopeException.failed(
          "shard-stuck", "The last shard of " + kind + " was not written: interrupted.", e);
    }
    try {
      if (!closed && !columns.isEmpty()) {
        writeShard();
      }
      closed = true;
    } finally {
      lock.unlock();
    }
  }
}
