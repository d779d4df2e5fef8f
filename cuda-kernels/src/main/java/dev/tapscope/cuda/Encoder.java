package dev.tapscope.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The encoder on the card: {@code z = (x - offsets) W_enc^T + bias}, of which it keeps lists of
 * {@link Pairs}; no rows x features array is ever written. Launches only, in the order of the GPU's
 * stream, and takes what memory it needs for a batch when that comes; used by one thread at a time.
 *
 * <p>More than a few rows are screened on tensor cores, by {@link Shadow}s of both factors in 16
 * bits; what that lets through is then computed in single precision. With {@link Precision#EXACT} a
 * row's list has the same bits whatever it comes with.
 */
final class Encoder implements AutoCloseable {
  /** Up to here W_enc is read once in single precision, without a screen. */
  static final int FEW_ROWS = 16;

  private static final int THREADS = 256;
  private static final int WARP = 32;

  /** Of {@code screen.cu}. */
  private static final int SCREEN_SHARED = 55296;

  /** Features whose products a library computes at a time: they should stay in the card's cache. */
  private static final int CHUNK = 4096;

  /** Rounding of half precision, relative. */
  private static final double HALF = 0x1p-11;

  private final Gpu gpu;
  private final int inputs;
  private final int features;
  private final Precision precision;
  private final float slack;
  private final int multiprocessors;

  private final Kernel packRows;
  private final Kernel shadowRows;
  private final Kernel few;
  private final Kernel fewAppend;
  private final Kernel preactivations;
  private final Kernel screen;
  private final Kernel compact;
  private final Kernel recheck;

  private final Shadow shadow;
  private final DeviceArray longest;
  private final Reusable centred;
  private final Reusable halves;
  private final Reusable scales;
  private final Reusable norms;
  private final Reusable fewZ;
  private final Reusable fewKept;
  private final Reusable products;
  private final Reusable candidates;
  private final Reusable candidateZ;
  private final Reusable candidateCounts;

  private Optional<ShadowProducts> library = Optional.empty();

  /** Longest segment of candidates that was too long for its room so far. */
  private int longestSeen;

  /** Segments of the last batch, 0 where it was not screened. */
  private long screened;

  /**
   * @param inputs width of a row, d_in
   * @param features F
   * @throws GpuMemoryException when there is not enough for the shadow
   */
  Encoder(Gpu gpu, int inputs, int features, Precision precision) {
    if (inputs < 1 || features < 1) {
      throw new IllegalArgumentException(
          "an encoder of %d inputs and %d features: both must be positive"
              .formatted(inputs, features));
    }
    this.gpu = gpu;
    this.inputs = inputs;
    this.features = features;
    this.precision = precision;
    this.slack = slack(inputs);
    multiprocessors = gpu.multiprocessors();
    boolean exact = precision == Precision.EXACT;
    packRows = gpu.kernel("pack", "pack_rows");
    shadowRows = gpu.kernel("pack", "shadow_rows");
    few = gpu.kernel("few", "few");
    fewAppend = gpu.kernel("few", "few_append");
    preactivations = gpu.kernel("few", "preactivations");
    screen = gpu.kernel("screen", exact ? "screen" : "screen_fast");
    compact = gpu.kernel("compact", exact ? "compact" : "compact_fast");
    recheck = gpu.kernel("recheck", exact ? "recheck" : "append_screened");

    DeviceMemory memory = gpu.memory();
    centred = new Reusable(memory, "the rows of a batch, less the offsets");
    halves = new Reusable(memory, "the rows of a batch in 16 bits");
    scales = new Reusable(memory, "the scales of a batch's rows");
    norms = new Reusable(memory, "the lengths of a batch's rows");
    fewZ = new Reusable(memory, "the preactivations of a few rows");
    fewKept = new Reusable(memory, "the kept features of a few rows");
    products = new Reusable(memory, "products of a chunk of features");
    candidates = new Reusable(memory, "the candidates of a batch");
    candidateZ = new Reusable(memory, "the candidates' preactivations");
    candidateCounts = new Reusable(memory, "the counts of candidates");
    shadow = Shadow.take(memory, "W_enc", features, inputs);
    try {
      longest = memory.take("the longest segment", Integer.BYTES);
    } catch (GpuMemoryException e) {
      shadow.close();
      throw e;
    }
    longest.clear(gpu.stream());
  }

  /**
   * How far a screened product can be from the one in single precision, as a part of the lengths'
   * product; {@code screen.cuh} derives it.
   */
  static float slack(int inputs) {
    double value = HALF + Math.sqrt(inputs) * 0x1p-39;
    double rounding = value * (2 + value);
    double screened = inputs * 0x1p-22 * (1 + rounding);
    double decided = (inputs / 128 + 10) * 0x1p-24;
    return Math.nextUp((float) (rounding + screened + decided + 0x1p-20));
  }

  /** Has the products computed by a library from now on. */
  void through(ShadowProducts products) {
    library = Optional.of(products);
  }

  /** Makes the shadow anew from {@code W_enc [F, d_in]}. */
  void shadow(DeviceArray encoder) {
    shadowRows.launch(
        gpu.stream(),
        Grid.of(features),
        THREADS,
        0,
        encoder,
        inputs,
        shadow.halves(),
        shadow.stride(),
        shadow.scales(),
        shadow.norms());
  }

  /** Of W_enc; whoever changes a row of W_enc changes it too: {@code write_shadow_row}. */
  Shadow shadow() {
    return shadow;
  }

  /**
   * Starts to encode rows. Sets bit 0 of the flags where a value of x is not finite, and bit 1
   * where a list is longer than its capacity: the counts are exact nevertheless, and after {@link
   * Pairs#grow} and {@link #settle} the batch can be encoded again.
   *
   * @param x {@code [rows, d_in]}
   * @param offsets {@code [d_in]}, taken off every row
   * @param encoder {@code W_enc [F, d_in]}, of which the shadow has been made
   * @param bias {@code [F]}
   * @param threshold {@code [F]}
   * @param halfBand half the bandwidth; 0 keeps the active ones alone
   * @param pairs with room for the rows
   * @param flags one unsigned int
   * @throws GpuMemoryException when there is not enough; nothing has been launched then
   */
  void encode(
      DeviceArray x,
      Optional<DeviceArray> offsets,
      int rows,
      DeviceArray encoder,
      DeviceArray bias,
      DeviceArray threshold,
      float halfBand,
      boolean reluFirst,
      Pairs pairs,
      DeviceArray flags) {
    if (pairs.rows() < rows) {
      throw new IllegalArgumentException(
          "lists for %d rows are too few for %d".formatted(pairs.rows(), rows));
    }
    Gate gate = new Gate(bias, threshold, halfBand, reluFirst ? 1 : 0);
    screened = 0;
    if (rows <= FEW_ROWS) {
      encodeFew(x, offsets, rows, encoder, gate, pairs, flags);
    } else {
      encodeMany(x, offsets, rows, encoder, gate, pairs, flags);
    }
  }

  /** What decides after the product. */
  private record Gate(DeviceArray bias, DeviceArray threshold, float halfBand, int reluFirst) {}

  private void encodeFew(
      DeviceArray x,
      Optional<DeviceArray> offsets,
      int rows,
      DeviceArray encoder,
      Gate gate,
      Pairs pairs,
      DeviceArray flags) {
    int words = Math.ceilDiv(features, WARP);
    DeviceArray z = fewZ.atLeast((long) rows * features * Float.BYTES);
    DeviceArray kept = fewKept.atLeast((long) rows * words * Integer.BYTES);
    DeviceArray input = centre(x, offsets, rows, flags);
    few.launch(
        gpu.stream(),
        Grid.of(words),
        THREADS,
        0,
        input,
        encoder,
        gate.bias(),
        gate.threshold(),
        gate.halfBand(),
        gate.reluFirst(),
        rows,
        inputs,
        features,
        z,
        kept);
    fewAppend.launch(
        gpu.stream(),
        Grid.of(rows),
        THREADS,
        0,
        z,
        kept,
        features,
        words,
        pairs.capacity(),
        pairs.counts(),
        pairs.features(),
        pairs.z(),
        flags);
  }

  private void encodeMany(
      DeviceArray x,
      Optional<DeviceArray> offsets,
      int rows,
      DeviceArray encoder,
      Gate gate,
      Pairs pairs,
      DeviceArray flags) {
    Ranges ranges =
        library.isPresent() ? Ranges.whole(features) : Ranges.of(rows, features, multiprocessors);
    int room = room(ranges, pairs.capacity());
    long segments = (long) rows * ranges.count();
    Shadow of =
        new Shadow(
            shadow.stride(),
            halves.atLeast((long) rows * shadow.stride() * Short.BYTES),
            scales.atLeast((long) rows * Float.BYTES),
            norms.atLeast((long) rows * Float.BYTES));
    Segments to =
        new Segments(
            ranges,
            room,
            candidates.atLeast(segments * room * Integer.BYTES),
            precision == Precision.FAST
                ? Optional.of(candidateZ.atLeast(segments * room * Float.BYTES))
                : Optional.empty(),
            candidateCounts.atLeast(segments * Integer.BYTES));
    int chunk = Math.min(CHUNK, features);
    Optional<DeviceArray> chunkProducts =
        library.map(unused -> products.atLeast((long) rows * chunk * Float.BYTES));

    DeviceArray input = pack(x, offsets, rows, Optional.of(of), flags);
    screened = segments;
    if (chunkProducts.isPresent()) {
      screen(library.orElseThrow(), chunkProducts.get(), chunk, of, rows, gate, to);
    } else {
      screen(of, rows, gate, to);
    }
    decide(input, rows, encoder, gate, to, pairs, flags);
  }

  /** Candidates of each row and range, with room for so many. */
  private record Segments(
      Ranges ranges,
      int room,
      DeviceArray candidates,
      Optional<DeviceArray> z,
      DeviceArray counts) {}

  /**
   * Room of a segment, for lists of this capacity. Where candidates are computed again, a segment
   * that is too long only costs time, and its room is kept in proportion; elsewhere it has to fit.
   */
  private int room(Ranges ranges, int capacity) {
    long each = Math.ceilDiv(capacity, ranges.count());
    long usual = 2 * each + WARP;
    long most = precision == Precision.EXACT ? 8 * each + 2 * WARP : Integer.MAX_VALUE;
    long wanted = Math.max(usual, Math.min(longestSeen + longestSeen / 4L, most));
    return Math.toIntExact(Math.min(ranges.features(), Math.ceilDiv(wanted, WARP) * WARP));
  }

  private DeviceArray centre(
      DeviceArray x, Optional<DeviceArray> offsets, int rows, DeviceArray flags) {
    return pack(x, offsets, rows, Optional.empty(), flags);
  }

  /** The rows less the offsets. */
  private DeviceArray pack(
      DeviceArray x,
      Optional<DeviceArray> offsets,
      int rows,
      Optional<Shadow> to,
      DeviceArray flags) {
    DeviceArray input =
        offsets.isPresent() ? centred.atLeast((long) rows * inputs * Float.BYTES) : x;
    packRows.launch(
        gpu.stream(),
        Grid.of(rows),
        THREADS,
        0,
        x,
        orNull(offsets),
        inputs,
        input,
        orNull(to.map(Shadow::halves)),
        shadow.stride(),
        orNull(to.map(Shadow::scales)),
        orNull(to.map(Shadow::norms)),
        flags);
    return input;
  }

  private static Object orNull(Optional<DeviceArray> array) {
    return array.isPresent() ? array.get() : Long.valueOf(0);
  }

  /** By the fused kernel. */
  private void screen(Shadow x, int rows, Gate gate, Segments to) {
    Grid grid = Grid.of(Math.ceilDiv(rows, Ranges.TILE), to.ranges().count());
    if (to.z().isPresent()) {
      screen.launch(
          gpu.stream(),
          grid,
          THREADS,
          SCREEN_SHARED,
          x.halves(),
          x.scales(),
          rows,
          shadow.halves(),
          shadow.scales(),
          gate.bias(),
          gate.threshold(),
          shadow.stride(),
          features,
          gate.halfBand(),
          gate.reluFirst(),
          to.ranges().features(),
          to.room(),
          to.candidates(),
          to.z().get(),
          to.counts());
    } else {
      screen.launch(
          gpu.stream(),
          grid,
          THREADS,
          SCREEN_SHARED,
          x.halves(),
          x.scales(),
          x.norms(),
          rows,
          shadow.halves(),
          shadow.scales(),
          shadow.norms(),
          gate.bias(),
          gate.threshold(),
          shadow.stride(),
          features,
          slack,
          gate.halfBand(),
          gate.reluFirst(),
          to.ranges().features(),
          to.room(),
          to.candidates(),
          to.counts());
    }
  }

  /** By a library's products, a chunk of features at a time. */
  private void screen(
      ShadowProducts by,
      DeviceArray chunkProducts,
      int chunk,
      Shadow x,
      int rows,
      Gate gate,
      Segments to) {
    Grid grid = Grid.covering(rows, THREADS / WARP);
    for (int first = 0; first < features; first += chunk) {
      int count = Math.min(chunk, features - first);
      by.multiply(x.halves(), rows, shadow.halves(), first, count, x.stride(), chunkProducts);
      if (to.z().isPresent()) {
        compact.launch(
            gpu.stream(),
            grid,
            THREADS,
            0,
            chunkProducts,
            count,
            rows,
            first,
            x.scales(),
            shadow.scales(),
            gate.bias(),
            gate.threshold(),
            gate.halfBand(),
            gate.reluFirst(),
            to.room(),
            to.candidates(),
            to.z().get(),
            to.counts());
      } else {
        compact.launch(
            gpu.stream(),
            grid,
            THREADS,
            0,
            chunkProducts,
            count,
            rows,
            first,
            x.scales(),
            x.norms(),
            shadow.scales(),
            shadow.norms(),
            gate.bias(),
            gate.threshold(),
            slack,
            gate.halfBand(),
            gate.reluFirst(),
            to.room(),
            to.candidates(),
            to.counts());
      }
    }
  }

  /** From candidates to lists. */
  private void decide(
      DeviceArray input,
      int rows,
      DeviceArray encoder,
      Gate gate,
      Segments from,
      Pairs pairs,
      DeviceArray flags) {
    if (from.z().isPresent()) {
      recheck.launch(
          gpu.stream(),
          Grid.of(rows),
          Ranges.MOST,
          0,
          from.candidates(),
          from.z().get(),
          from.counts(),
          from.ranges().count(),
          from.room(),
          pairs.capacity(),
          pairs.counts(),
          pairs.features(),
          pairs.z(),
          longest,
          flags);
    } else {
      recheck.launch(
          gpu.stream(),
          Grid.of(rows),
          Ranges.MOST,
          0,
          input,
          encoder,
          gate.bias(),
          gate.threshold(),
          gate.halfBand(),
          gate.reluFirst(),
          inputs,
          features,
          from.candidates(),
          from.counts(),
          from.ranges().count(),
          from.ranges().features(),
          from.room(),
          pairs.capacity(),
          pairs.counts(),
          pairs.features(),
          pairs.z(),
          longest,
          flags);
    }
  }

  /**
   * Learns from the batches so far how much room the screen's candidates need. To be called when
   * the card is done with a batch. Without it nothing gets wrong: with {@link Precision#EXACT}
   * batches like the last would go on being slow, with {@link Precision#FAST} they would go on
   * setting bit 1 of the flags.
   */
  void settle() {
    if (screened == 0) {
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment segment = arena.allocate(ValueLayout.JAVA_INT);
      longest.download(segment);
      longestSeen = Math.max(longestSeen, segment.get(ValueLayout.JAVA_INT, 0));
    }
  }

  /**
   * How many pairs of the last batch the screen let through, to be compared with what was kept; 0
   * where it was not screened. To be called when the card is done with it.
   */
  long candidates() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment segment = arena.allocate(screened * Integer.BYTES, Integer.BYTES);
      if (screened > 0) {
        candidateCounts.atLeast(segment.byteSize()).download(segment);
      }
      return Arrays.stream(segment.toArray(ValueLayout.JAVA_INT)).asLongStream().sum();
    }
  }

  /**
   * Starts to compute all preactivations: the same bits as those of the lists, but no relu.
   *
   * @param z {@code [rows, F]}
   * @throws GpuMemoryException when there is not enough; nothing has been launched then
   */
  void preactivations(
      DeviceArray x,
      Optional<DeviceArray> offsets,
      int rows,
      DeviceArray encoder,
      DeviceArray bias,
      DeviceArray z,
      DeviceArray flags) {
    DeviceArray input = centre(x, offsets, rows, flags);
    preactivations.launch(
        gpu.stream(),
        Grid.of(Math.ceilDiv(features, WARP), Math.ceilDiv(rows, FEW_ROWS)),
        THREADS,
        0,
        input,
        encoder,
        bias,
        rows,
        inputs,
        features,
        z);
  }

  /** Gives back what was taken for batches; the next takes it again. */
  void shrink() {
    screened = 0;
    List.of(
            centred,
            halves,
            scales,
            norms,
            fewZ,
            fewKept,
            products,
            candidates,
            candidateZ,
            candidateCounts)
        .forEach(Reusable::close);
  }

  @Override
  public void close() {
    shrink();
    longest.close();
    shadow.close();
  }
}
