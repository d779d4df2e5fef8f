package dev.tapscope.store;

import dev.tapscope.step.Batch;
import dev.tapscope.tap.TapscopeException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The rows of a store in a random order. The store is cut into blocks of consecutive rows; each
 * epoch takes the blocks in a new order. A buffer is filled with the next blocks, which come from
 * all over the store, and its rows are served in random order. Seed, epoch and buffer decide both
 * orders, so a {@link #place} needs no saved rows.
 */
public final class StoreRows implements RowSource {
  private static final int MOST_BLOCK = 256;

  /** Blocks a buffer holds where blocks can be as small as that. */
  private static final int BLOCKS_A_BUFFER = 64;

  private static final int ALIGNMENT = 64;
  private static final Pattern PLACE =
      Pattern.compile("epoch (\\d{1,18}) buffer (\\d{1,9}) row (\\d{1,9}) of (.*)");

  private final ActivationStore store;
  private final String x;
  private final String y;
  private final long seed;
  private final int capacity;
  private final int block;
  private final int buffers;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment xs;
  private final MemorySegment ys;
  private final boolean twoSites;

  private long epoch;
  private int buffer;
  private int row;

  /** Order of the blocks in {@code orderedEpoch}. */
  private int[] blocks = {};

  private long orderedEpoch = -1;

  /** Order of the rows in the buffer; empty until it is filled. */
  private int[] rows = {};

  private BatchPlace place = new BatchPlace();
  private Batch batch = new Batch(MemorySegment.NULL, MemorySegment.NULL, 0);

  /**
   * Opens a source at its beginning.
   *
   * @param x address of the rows that are encoded
   * @param y address of the rows to be reconstructed; {@code x} for an SAE
   * @param bufferRows how many rows are shuffled together, at least 1; the buffer holds no more
   *     than the store has
   * @throws TapscopeException {@code store-site} or {@code buffer-rows}
   */
  public StoreRows(ActivationStore store, String x, String y, long seed, int bufferRows) {
    if (bufferRows < 1) {
      throw TapscopeException.usage(
          "buffer-rows",
          "A buffer of %d rows was asked for. Give at least 1; more rows are mixed better."
              .formatted(bufferRows));
    }
    this.store = store;
    this.x = x;
    this.y = y;
    this.seed = seed;
    this.block = Math.clamp(bufferRows / BLOCKS_A_BUFFER, 1, MOST_BLOCK);
    int whole = bufferRows / block * block; // a buffer is filled with whole blocks
    this.capacity = (int) Math.min(whole, store.rows());
    this.buffers = Math.toIntExact(Math.ceilDiv(store.rows(), whole));
    this.xs = allocate(store.width(x));
    this.twoSites = !x.equals(y);
    this.ys = twoSites ? allocate(store.width(y)) : xs;
  }

  private MemorySegment allocate(int width) {
    return arena.allocate((long) capacity * width * Float.BYTES, ALIGNMENT);
  }

  @Override
  public int inputs() {
    return store.width(x);
  }

  @Override
  public int outputs() {
    return store.width(y);
  }

  @Override
  public long rows() {
    return store.rows();
  }

  /** Bytes it holds beside a batch. */
  public long bytes() {
    long orders = (long) Integer.BYTES * (capacity + Math.ceilDiv(store.rows(), block));
    return orders + xs.byteSize() + (twoSites ? ys.byteSize() : 0);
  }

  @Override
  public Batch next(int count) {
    if (count < 1) {
      throw new IllegalArgumentException("a batch of %d rows".formatted(count));
    }
    prepareBatch(count);
    for (int i = 0; i < count; i++) {
      int from = nextRow();
      copyRow(xs, from, batch.x(), i, inputs());
      if (twoSites) {
        copyRow(ys, from, batch.y(), i, outputs());
      }
    }
    return batch;
  }

  private void prepareBatch(int count) {
    if (batch.rows() == count) {
      return;
    }
    place.arena.close();
    place = new BatchPlace();
    MemorySegment inputs = place.arena.allocate((long) count * inputs() * Float.BYTES, ALIGNMENT);
    MemorySegment outputs =
        twoSites ? place.arena.allocate((long) count * outputs() * Float.BYTES, ALIGNMENT) : inputs;
    batch = new Batch(inputs, outputs, count);
  }

  private static void copyRow(MemorySegment from, int row, MemorySegment to, int at, int width) {
    long bytes = (long) width * Float.BYTES;
    MemorySegment.copy(from, row * bytes, to, at * bytes, bytes);
  }

  /** Where in the buffer the next row lies. */
  private int nextRow() {
    if (rows.length == 0) {
      fill();
    }
    if (row >= rows.length) {
      row = 0;
      buffer++;
      if (buffer == buffers) {
        buffer = 0;
        epoch++;
      }
      fill();
    }
    return rows[row++];
  }

  private void fill() {
    if (orderedEpoch != epoch) {
      int count = Math.toIntExact(Math.ceilDiv(store.rows(), block));
      blocks = Shuffle.permutation(count, seed, epoch);
      orderedEpoch = epoch;
    }
    int perBuffer = Math.ceilDiv(capacity, block);
    int first = buffer * perBuffer;
    int end = Math.min(blocks.length, first + perBuffer);
    int filled = 0;
    for (int b = first; b < end; b++) {
      long from = (long) blocks[b] * block;
      int count = (int) Math.min(block, store.rows() - from);
      store.read(x, from, count, xs, filled);
      if (twoSites) {
        store.read(y, from, count, ys, filled);
      }
      filled += count;
    }
    rows = Shuffle.permutation(filled, seed, epoch, buffer);
  }

  @Override
  public String place() {
    return "epoch %d buffer %d row %d of %s".formatted(epoch, buffer, row, identity());
  }

  /** What a place is a place in. */
  private String identity() {
    return "%s>%s, seed %d, %d rows a buffer, store %s"
        .formatted(x, y, seed, capacity, store.sha256().substring(0, 16));
  }

  /**
   * @throws TapscopeException {@code place-unknown} when the place is of another order of rows
   */
  @Override
  public void seek(String place) {
    Matcher match = PLACE.matcher(place);
    if (!match.matches()
        || !match.group(4).equals(identity())
        || Integer.parseInt(match.group(2)) >= buffers
        || Integer.parseInt(match.group(3)) > capacity) {
      throw TapscopeException.failed(
          "place-unknown",
          "'%s' is no place in the rows of %s (%s). Go on with the store, the sites, the seed and the buffer that the place was noted with."
              .formatted(place, store.folder(), identity()));
    }
    epoch = Long.parseLong(match.group(1));
    buffer = Integer.parseInt(match.group(2));
    row = Integer.parseInt(match.group(3));
    rows = new int[0];
  }

  @Override
  public void close() {
    arena.close();
    place.arena.close();
  }

  /** Where batches of one size lie. */
  private static final class BatchPlace {
    private final Arena arena = Arena.ofShared();
  }
}
