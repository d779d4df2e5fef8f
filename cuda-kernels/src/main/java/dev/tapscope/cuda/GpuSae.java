package dev.tapscope.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * An SAE or transcoder on the card, for inference: {@code z = x W_enc + b_enc}; a feature is active
 * where {@code z > threshold}, with the value z; {@code xhat = f W_dec + b_dec}. With {@link
 * Precision#EXACT} the bits of a row's result depend on that row and the weights alone.
 *
 * <p>Batches that are too large for the card's memory are cut. Thread-safe: calls go one after the
 * other.
 */
public final class GpuSae implements AutoCloseable {
  /** Fills a segment with the floats of a row of weights. */
  @FunctionalInterface
  public interface Rows {
    /**
     * Reads a row.
     *
     * @param into exactly the row's bytes, outside the heap, in the machine's byte order
     */
    void read(int feature, MemorySegment into);
  }

  /**
   * Weights.
   *
   * @param inputs width of a row that is encoded, d_in
   * @param encoder rows of {@code W_enc^T [F, d_in]}
   * @param encoderBias {@code [F]}
   * @param threshold {@code [F]}
   * @param decoder rows of {@code W_dec [F, d_out]}
   * @param decoderBias {@code [d_out]}
   */
  public record Weights(
      int inputs,
      Rows encoder,
      float[] encoderBias,
      float[] threshold,
      Rows decoder,
      float[] decoderBias) {
    /** Checks the sizes. */
    public Weights {
      if (inputs < 1 || threshold.length < 1 || decoderBias.length < 1) {
        throw new IllegalArgumentException(
            "sizes %d, %d, %d must be positive"
                .formatted(inputs, threshold.length, decoderBias.length));
      }
      if (encoderBias.length != threshold.length) {
        throw new IllegalArgumentException(
            "b_enc has %d values and threshold %d: both belong to the features"
                .formatted(encoderBias.length, threshold.length));
      }
    }
  }

  /** Rows that go to the card at a time, as far as its memory allows. */
  private static final int MOST_ROWS = 4096;

  /** Active features of a row there is room for at first. */
  private static final int FIRST_CAPACITY = 512;

  /** Bytes that weights travel in, and preactivations. */
  private static final long STAGED_BYTES = 32L << 20;

  /** Most bytes of a copy of rows or lists. */
  private static final long MOST_BYTES = 1L << 29;

  private static final int NOT_FINITE = 1;
  private static final int OVERFLOW = 2;

  private final Gpu gpu;
  private final int inputs;
  private final int features;
  private final int outputs;
  private final float[] threshold;

  private final List<Runnable> taken = new ArrayList<>();
  private final DeviceArray encoderWeights;
  private final DeviceArray encoderBias;
  private final DeviceArray thresholds;
  private final DeviceArray decoderWeights;
  private final DeviceArray decoderBias;
  private final DeviceArray flags;
  private final Encoder encoder;
  private final Pairs pairs;
  private final Gathering gathering;
  private final Decoder decoder;
  private final Reusable rows;
  private final Reusable results;
  private final Staging staging;

  private int mostRows = MOST_ROWS;
  private int capacity;
  private boolean open = true;

  /**
   * Puts weights on the card.
   *
   * @throws GpuMemoryException when they do not fit; nothing is taken then
   */
  public GpuSae(Gpu gpu, Weights weights, Precision precision) {
    this.gpu = gpu;
    inputs = weights.inputs();
    features = weights.threshold().length;
    outputs = weights.decoderBias().length;
    threshold = weights.threshold().clone();
    capacity = Math.min(features, FIRST_CAPACITY);
    gpu.makeCurrent();
    DeviceMemory memory = gpu.memory();
    rows = new Reusable(memory, "the rows of a batch");
    results = new Reusable(memory, "the results of a batch");
    staging = new Staging(gpu);
    try {
      encoderWeights = take("W_enc", (long) features * inputs);
      decoderWeights = take("W_dec", (long) features * outputs);
      encoderBias = take("b_enc", features);
      thresholds = take("threshold", features);
      decoderBias = take("b_dec", outputs);
      flags = take("the flags of a batch", 1);
      encoder = new Encoder(gpu, inputs, features, precision);
      taken.add(encoder::close);
      gpu.screening().ifPresent(encoder::through);
      pairs = new Pairs(memory, 0, 0);
      taken.add(pairs::close);
      gathering = new Gathering(gpu);
      taken.add(gathering::close);
      decoder = new Decoder(gpu, outputs, decoderWeights, decoderBias, staging);
      taken.add(decoder::close);
      upload(encoderWeights, weights.encoder(), inputs);
      upload(decoderWeights, weights.decoder(), outputs);
      upload(encoderBias, weights.encoderBias());
      upload(thresholds, threshold);
      upload(decoderBias, weights.decoderBias());
      encoder.shadow(encoderWeights);
      gpu.synchronize();
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  /** Bytes of the card's memory that weights of these sizes take; a batch takes some more. */
  public static long bytes(int inputs, int features, int outputs) {
    return (long) features * (inputs + outputs) * Float.BYTES
        + Shadow.bytes(features, inputs)
        + 2L * features * Float.BYTES
        + (long) outputs * Float.BYTES;
  }

  private DeviceArray take(String name, long floats) {
    DeviceArray array = gpu.memory().take(name, floats * Float.BYTES);
    taken.add(array::close);
    return array;
  }

  private void upload(DeviceArray to, Rows from, int width) {
    long bytes = (long) width * Float.BYTES;
    int atATime = Math.toIntExact(Math.clamp(STAGED_BYTES / bytes, 1, features));
    MemorySegment piece = staging.atLeast(atATime * bytes);
    for (int first = 0; first < features; first += atATime) {
      int count = Math.min(atATime, features - first);
      for (int i = 0; i < count; i++) {
        from.read(first + i, piece.asSlice(i * bytes, bytes));
      }
      to.upload(piece.asSlice(0, count * bytes), first * bytes);
    }
  }

  private void upload(DeviceArray to, float[] from) {
    MemorySegment piece = staging.atLeast((long) from.length * Float.BYTES);
    MemorySegment.copy(from, 0, piece, ValueLayout.JAVA_FLOAT, 0, from.length);
    to.upload(piece.asSlice(0, (long) from.length * Float.BYTES));
  }

  /**
   * The features whose gate is open, {@code z > threshold} strictly, with {@code z} as value.
   *
   * @param x {@code [rows, d_in]}
   * @throws GpuMemoryException when not even one row fits
   */
  public synchronized ActiveLists encode(float[] x, int rows) {
    begin(x.length, rows, inputs, "x");
    Collected collected = new Collected(rows);
    for (int first = 0; first < rows; ) {
      int count = atATime(rows - first, inputs);
      try {
        encode(x, first, count, collected);
        first += count;
      } catch (GpuMemoryException e) {
        retreat(count, e);
      }
    }
    return collected.finish();
  }

  /** Rows of the next batch, of so many that are left. */
  private int atATime(int left, int width) {
    long fit = Math.max(1, MOST_BYTES / ((long) width * Float.BYTES));
    return (int) Math.min(Math.min(left, mostRows), fit);
  }

  /** Gives back what the last batch has taken, and has the next one be half of it. */
  private void retreat(int count, GpuMemoryException e) {
    encoder.shrink();
    pairs.close();
    gathering.shrink();
    decoder.close();
    rows.close();
    results.close();
    if (count == 1) {
      throw e;
    }
    mostRows = Math.ceilDiv(count, 2);
  }

  private void encode(float[] x, int first, int count, Collected collected) {
    DeviceArray input = uploadRows(x, first, count);
    while (true) {
      pairs.grow(count, capacity);
      flags.clear(gpu.stream());
      encoder.encode(
          input,
          Optional.empty(),
          count,
          encoderWeights,
          encoderBias,
          thresholds,
          0,
          false,
          pairs,
          flags);
      int found = downloadFlags();
      if ((found & NOT_FINITE) != 0) {
        encodeAll(x, first, count, collected);
        return;
      }
      int[] counts = pairs.downloadCounts(count);
      encoder.settle();
      if ((found & OVERFLOW) == 0) {
        collect(counts, collected);
        return;
      }
      int most = Arrays.stream(counts).max().orElse(0);
      capacity = Math.clamp(most + (long) most / 4, capacity, Math.max(capacity, features));
    }
  }

  private DeviceArray uploadRows(float[] x, int first, int count) {
    int floats = Math.multiplyExact(count, inputs);
    DeviceArray to = rows.atLeast((long) floats * Float.BYTES);
    MemorySegment piece = staging.atLeast((long) floats * Float.BYTES);
    MemorySegment.copy(x, first * inputs, piece, ValueLayout.JAVA_FLOAT, 0, floats);
    to.upload(staging.pinned(), (long) floats * Float.BYTES, gpu.stream());
    return to;
  }

  private int downloadFlags() {
    gpu.synchronize();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment segment = arena.allocate(ValueLayout.JAVA_INT);
      flags.download(segment);
      return segment.get(ValueLayout.JAVA_INT, 0);
    }
  }

  private void collect(int[] counts, Collected collected) {
    ActiveLists lists = gathering.download(pairs, counts);
    for (int r = 0; r < lists.rows(); r++) {
      for (int i = lists.starts()[r]; i < lists.starts()[r + 1]; i++) {
        int feature = lists.features()[i];
        float value = lists.values()[i];
        // Also what cannot be compared is in the card's lists.
        if (value > threshold[feature]) {
          collected.add(feature, value);
        }
      }
      collected.endRow();
    }
  }

  /** Rows with values that are not finite: every product, and the gate here. */
  private void encodeAll(float[] x, int first, int count, Collected collected) {
    eachRow(
        x,
        first,
        count,
        (row, z) -> {
          for (int f = 0; f < features; f++) {
            float value = z.getAtIndex(ValueLayout.JAVA_FLOAT, f);
            if (value > threshold[f]) {
              collected.add(f, value);
            }
          }
          collected.endRow();
        });
  }

  /**
   * {@code z = x @ W_enc + b_enc}: the same bits as those that {@link #encode} decides by, in
   * {@link Precision#EXACT}.
   *
   * @param x {@code [rows, d_in]}
   * @param z result {@code [rows, F]}
   * @throws GpuMemoryException when not even one row fits
   */
  public synchronized void preactivations(float[] x, int rows, float[] z) {
    begin(x.length, rows, inputs, "x");
    begin(z.length, rows, features, "z");
    eachRow(
        x,
        0,
        rows,
        (row, from) ->
            MemorySegment.copy(from, ValueLayout.JAVA_FLOAT, 0, z, row * features, features));
  }

  /** Takes the preactivations of a row. */
  private interface RowTaker {
    void take(int row, MemorySegment z);
  }

  private void eachRow(float[] x, int from, int rows, RowTaker taker) {
    long bytes = (long) features * Float.BYTES;
    long fit = Math.max(1, STAGED_BYTES / bytes);
    for (int first = from; first < from + rows; ) {
      int count = (int) Math.min(fit, atATime(from + rows - first, inputs));
      try {
        DeviceArray result = results.atLeast(count * bytes);
        encoder.preactivations(
            uploadRows(x, first, count),
            Optional.empty(),
            count,
            encoderWeights,
            encoderBias,
            result,
            flags);
        gpu.synchronize();
        MemorySegment piece = staging.atLeast(count * bytes).asSlice(0, count * bytes);
        result.download(piece);
        for (int r = 0; r < count; r++) {
          taker.take(first + r, piece.asSlice(r * bytes, bytes));
        }
        first += count;
      } catch (GpuMemoryException e) {
        retreat(count, e);
      }
    }
  }

  /**
   * {@code xhat = f @ W_dec + b_dec}, a row's entries in their order.
   *
   * @param starts row {@code r} has the entries {@code starts[r] <= i < starts[r + 1]}
   * @param active features of the entries
   * @param values of the entries
   * @param xhat result {@code [rows, d_out]}
   * @throws GpuMemoryException when not even one row fits
   */
  public synchronized void decode(int[] starts, int[] active, float[] values, float[] xhat) {
    int rowsInAll = starts.length - 1;
    begin(xhat.length, rowsInAll, outputs, "xhat");
    requireLists(starts, active, values);
    ActiveLists lists = new ActiveLists(starts, active, values);
    for (int first = 0; first < rowsInAll; ) {
      int count = atATime(rowsInAll - first, outputs);
      try {
        decoder.decode(lists, first, count, xhat);
        first += count;
      } catch (GpuMemoryException e) {
        retreat(count, e);
      }
    }
  }

  private void requireLists(int[] starts, int[] active, float[] values) {
    for (int r = 0; r + 1 < starts.length; r++) {
      if (starts[r] < 0 || starts[r] > starts[r + 1]) {
        throw new IllegalArgumentException(
            "row %d's entries are from %d to %d".formatted(r, starts[r], starts[r + 1]));
      }
    }
    int end = starts[starts.length - 1];
    if (end > active.length || end > values.length) {
      throw new IllegalArgumentException(
          "%d entries, but %d features and %d values".formatted(end, active.length, values.length));
    }
    for (int i = starts[0]; i < end; i++) {
      Objects.checkIndex(active[i], features);
    }
  }

  private void begin(int length, int rows, int width, String name) {
    if (!open) {
      throw new IllegalStateException("this SAE has been closed");
    }
    if (rows < 0 || length < (long) rows * width) {
      throw new IllegalArgumentException(
          "%s has %d values, too few for %d rows of %d".formatted(name, length, rows, width));
    }
    gpu.makeCurrent();
  }

  /** Gives the card's memory back. */
  @Override
  public synchronized void close() {
    if (!open) {
      return;
    }
    open = false;
    gpu.makeCurrent();
    taken.forEach(Runnable::run);
    rows.close();
    results.close();
    staging.close();
  }
}
