package dev.tapscope.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Encodes by products of {@link Shadow}s on tensor cores: candidates first, which with {@link
 * Precision#EXACT} are then computed in single precision. Fewer candidates than have room are the
 * usual case; how much room they need is learned.
 */
final class Screen implements AutoCloseable {
  private static final int THREADS = 256;
  private static final int WARP = 32;

  /** Of {@code screen.cu}. */
  private static final int SCREEN_SHARED = 55296;

  /**
   * Features whose products a library computes at a time. More would take more memory, fewer more
   * launches: two for each chunk.
   */
  private static final int CHUNK = 8192;

  /** Rounding of half precision, relative. */
  private static final double HALF = 0x1p-11;

  /** That a card is assumed to run at a time, for the memory of the encoder's ranges. */
  private static final int BLOCKS_OF_A_CARD = 264;

  /** Candidates of a row and range that there is room for in any case. */
  private static final int LEAST_OF_A_RANGE = 64;

  private final Gpu gpu;
  private final int inputs;
  private final int features;
  private final boolean exact;
  private final Shadow shadow;
  private final float slack;
  private final int multiprocessors;
  private final Kernel screen;
  private final Kernel compact;
  private final Kernel recheck;
  private final DeviceArray longest;
  private final Reusable halves;
  private final Reusable scales;
  private final Reusable norms;
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
   * @param shadow of W_enc
   * @throws GpuMemoryException when there is not enough
   */
  Screen(Gpu gpu, int inputs, int features, Precision precision, Shadow shadow) {
    this.gpu = gpu;
    this.inputs = inputs;
    this.features = features;
    this.shadow = shadow;
    exact = precision == Precision.EXACT;
    slack = slack(inputs);
    multiprocessors = gpu.multiprocessors();
    screen = gpu.kernel("screen", exact ? "screen" : "screen_fast");
    compact = gpu.kernel("compact", exact ? "compact" : "compact_fast");
    recheck = gpu.kernel("recheck", exact ? "recheck" : "append_screened");
    DeviceMemory memory = gpu.memory();
    halves = new Reusable(memory, "the rows of a batch in 16 bits");
    scales = new Reusable(memory, "the scales of a batch's rows");
    norms = new Reusable(memory, "the lengths of a batch's rows");
    products = new Reusable(memory, "products of a chunk of features");
    candidates = new Reusable(memory, "the candidates of a batch");
    candidateZ = new Reusable(memory, "the candidates' preactivations");
    candidateCounts = new Reusable(memory, "the counts of candidates");
    longest = memory.take("the longest segment", Integer.BYTES);
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

  /** What the encoder takes for a batch: rows in both forms, and candidates for lists. */
  static long bytes(int inputs, int features, int rows, long capacity, TrainingSettings settings) {
    long centred = settings.preBias() ? (long) rows * inputs * Float.BYTES : 0;
    long entry = settings.precision() == Precision.FAST ? 2 * Integer.BYTES : Integer.BYTES;
    int most = Math.min(Ranges.MOST, Math.ceilDiv(features, Ranges.TILE));
    int ranges = Math.clamp(BLOCKS_OF_A_CARD / Math.ceilDiv(rows, Ranges.TILE), 1, most);
    long candidates = rows * (2 * capacity + (long) LEAST_OF_A_RANGE * ranges);
    return Shadow.bytes(rows, inputs) + centred + candidates * entry;
  }

  /** What products by a library take beside it. */
  static long bytesOfProducts(int features, int rows) {
    return (long) rows * Math.min(CHUNK, features) * Float.BYTES;
  }

  /** Has the products computed by a library from now on. */
  void through(ShadowProducts by) {
    library = Optional.of(by);
  }

  /**
   * Memory of one batch.
   *
   * @param x where its rows go in 16 bits
   */
  record Batch(int rows, Shadow x, Segments segments, Optional<DeviceArray> chunkProducts) {}

  /** Candidates of each row and range, with room for so many. */
  record Segments(
      Ranges ranges,
      int room,
      DeviceArray candidates,
      Optional<DeviceArray> z,
      DeviceArray counts) {}

  /**
   * Takes what a batch needs, for lists of this capacity.
   *
   * @throws GpuMemoryException when there is not enough
   */
  Batch makeRoom(int rows, int capacity) {
    screened = 0;
    Ranges ranges =
        library.isPresent() ? Ranges.whole(features) : Ranges.of(rows, features, multiprocessors);
    int room = room(ranges, capacity);
    long segments = (long) rows * ranges.count();
    Shadow x =
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
            exact
                ? Optional.empty()
                : Optional.of(candidateZ.atLeast(segments * room * Float.BYTES)),
            candidateCounts.atLeast(segments * Integer.BYTES));
    return new Batch(
        rows, x, to, library.map(_ -> products.atLeast(bytesOfProducts(features, rows))));
  }

  /**
   * Room of a segment, for lists of this capacity. Where candidates are computed again, a segment
   * that is too long only costs time, and its room is kept in proportion; elsewhere it has to fit.
   */
  private int room(Ranges ranges, int capacity) {
    long each = Math.ceilDiv(capacity, ranges.count());
    long usual = 2 * each + WARP;
    long most = exact ? 8 * each + 2 * WARP : Integer.MAX_VALUE;
    long wanted = Math.max(usual, Math.min(longestSeen + longestSeen / 4L, most));
    return Math.toIntExact(Math.min(ranges.features(), Math.ceilDiv(wanted, WARP) * WARP));
  }

  /**
   * Encodes a batch whose rows have been packed.
   *
   * @param input its rows in single precision
   */
  void encode(
      Batch batch,
      DeviceArray input,
      DeviceArray encoder,
      Gate gate,
      Pairs pairs,
      DeviceArray flags) {
    screened = (long) batch.rows() * batch.segments().ranges().count();
    if (batch.chunkProducts().isPresent()) {
      screen(batch, library.orElseThrow(), batch.chunkProducts().get(), gate);
    } else {
      screen(batch, gate);
    }
    decide(batch, input, encoder, gate, pairs, flags);
  }

  /** Notes that a batch was encoded without a screen. */
  void passedOver() {
    screened = 0;
  }

  /** Arguments of a kernel; lists among them stand for what they hold. */
  private static Object[] arguments(Object... parts) {
    List<Object> all = new ArrayList<>();
    for (Object part : parts) {
      if (part instanceof List<?> some) {
        all.addAll(some);
      } else {
        all.add(part);
      }
    }
    return all.toArray();
  }

  /** What only kernels with a bound on errors take. */
  private List<Object> ifExact(Object... some) {
    return exact ? List.of(some) : List.of();
  }

  /** By the fused kernel. */
  private void screen(Batch batch, Gate gate) {
    Shadow x = batch.x();
    Segments to = batch.segments();
    screen.launch(
        gpu.stream(),
        Grid.of(Math.ceilDiv(batch.rows(), Ranges.TILE), to.ranges().count()),
        THREADS,
        SCREEN_SHARED,
        arguments(
            x.halves(),
            x.scales(),
            ifExact(x.norms()),
            batch.rows(),
            shadow.halves(),
            shadow.scales(),
            ifExact(shadow.norms()),
            gate.bias(),
            gate.threshold(),
            shadow.stride(),
            features,
            ifExact(slack),
            gate.halfBand(),
            gate.reluFirst(),
            to.ranges().features(),
            to.room(),
            to.candidates(),
            to.z().stream().toList(),
            to.counts()));
  }

  /** By a library's products, a chunk of features at a time. */
  private void screen(Batch batch, ShadowProducts by, DeviceArray chunkProducts, Gate gate) {
    Shadow x = batch.x();
    Segments to = batch.segments();
    int rows = batch.rows();
    int chunk = Math.min(CHUNK, features);
    for (int first = 0; first < features; first += chunk) {
      int count = Math.min(chunk, features - first);
      by.multiply(x.halves(), rows, shadow.halves(), first, count, x.stride(), chunkProducts);
      compact.launch(
          gpu.stream(),
          Grid.covering(rows, THREADS / WARP),
          THREADS,
          0,
          arguments(
              chunkProducts,
              count,
              rows,
              first,
              x.scales(),
              ifExact(x.norms()),
              shadow.scales(),
              ifExact(shadow.norms()),
              gate.bias(),
              gate.threshold(),
              ifExact(slack),
              gate.halfBand(),
              gate.reluFirst(),
              to.room(),
              to.candidates(),
              to.z().stream().toList(),
              to.counts()));
    }
  }

  /** From candidates to lists. */
  private void decide(
      Batch batch,
      DeviceArray input,
      DeviceArray encoder,
      Gate gate,
      Pairs pairs,
      DeviceArray flags) {
    Segments from = batch.segments();
    recheck.launch(
        gpu.stream(),
        Grid.of(batch.rows()),
        Ranges.MOST,
        0,
        arguments(
            ifExact(
                input,
                encoder,
                gate.bias(),
                gate.threshold(),
                gate.halfBand(),
                gate.reluFirst(),
                inputs,
                features),
            from.candidates(),
            from.z().stream().toList(),
            from.counts(),
            from.ranges().count(),
            ifExact(from.ranges().features()),
            from.room(),
            pairs.capacity(),
            pairs.counts(),
            pairs.features(),
            pairs.z(),
            longest,
            flags));
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

  /** Gives back what was taken for batches; the next takes it again. */
  void shrink() {
    screened = 0;
    Stream.of(halves, scales, norms, products, candidates, candidateZ, candidateCounts)
        .forEach(Reusable::close);
  }

  @Override
  public void close() {
    shrink();
    longest.close();
  }
}
