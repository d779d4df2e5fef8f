package dev.tapscope.live;

import dev.tapscope.step.Batch;
import dev.tapscope.store.RowSource;
import dev.tapscope.store.Shuffle;
import dev.tapscope.tap.TapscopeException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.zip.CRC32C;

/**
 * The rows of several sites of a model that runs while they are trained on, in a random order that
 * the seed and the model alone decide. A buffer is filled with the next rows, which are served in
 * random order; then it is filled again. It ends where the corpus does, so that each row is served
 * once an epoch. All sites draw from the same pass over the model, row by row the same tokens.
 *
 * <p>A {@link RowSource#place} says which row of the corpus the buffer began with, so it needs no
 * saved rows: the model computes them again. A checksum tells whether they are the same. Used by
 * one thread at a time.
 */
public final class LiveRows implements AutoCloseable {
  private static final int ALIGNMENT = 64;
  private static final int BLOCK = 1 << 30;

  private final KeptRows rows;
  private final String identity;
  private final long seed;
  private final int capacity;
  private final Arena arena = Arena.ofShared();
  private final Map<String, Column> columns = new LinkedHashMap<>();
  private final Map<String, Site> sites = new LinkedHashMap<>();

  /** Where the next row is; moves on only when a whole batch has been drawn. */
  private LivePlace place = LivePlace.BEGINNING;

  /** Order of the rows in the buffer; empty while it does not hold those of {@link #place}. */
  private int[] order = {};

  /** Batches drawn since the place was last set. */
  private long drawn;

  private boolean open = true;

  /** The buffered rows of one address, and the batch gathered from them. */
  private static final class Column {
    private final int width;
    private final MemorySegment buffer;
    private MemorySegment batch = MemorySegment.NULL;

    Column(int width, MemorySegment buffer) {
      this.width = width;
      this.buffer = buffer;
    }

    private long bytes() {
      return (long) width * Float.BYTES;
    }

    void put(float[] values, int from, int at) {
      MemorySegment.copy(
          MemorySegment.ofArray(values), from * bytes(), buffer, at * bytes(), bytes());
    }

    void prepare(int count) {
      if (batch.byteSize() != count * bytes()) {
        batch = Arena.ofAuto().allocate(count * bytes(), ALIGNMENT); // sizes hardly ever change
      }
    }

    void gather(int from, int at) {
      MemorySegment.copy(buffer, from * bytes(), batch, at * bytes(), bytes());
    }

    void addTo(CRC32C sum, int count) {
      long end = count * bytes();
      for (long at = 0; at < end; at += BLOCK) {
        sum.update(buffer.asSlice(at, Math.min(BLOCK, end - at)).asByteBuffer());
      }
    }
  }

  /**
   * Takes the room for a buffer.
   *
   * @param rows at the beginning of a piece; closed with this
   * @param widths of their addresses
   * @param wanted sites to be trained on: {@code res.3}, or {@code in>out} for a transcoder
   * @param bufferRows how many rows are shuffled together, at least 1
   */
  public LiveRows(
      KeptRows rows,
      SortedMap<String, Integer> widths,
      Collection<String> wanted,
      long seed,
      int bufferRows) {
    this.rows = rows;
    this.seed = seed;
    this.capacity = bufferRows;
    this.identity = "%s, seed %d, %d rows a buffer".formatted(rows.identity(), seed, capacity);
    widths.forEach((address, width) ->
        columns.put(
            address,
            new Column(width, arena.allocate((long) capacity * width * Float.BYTES, ALIGNMENT))));
    wanted.forEach(site -> sites.put(site, new Site(column(input(site)), column(output(site)))));
  }

  private Column column(String address) {
    Column column = columns.get(address);
    if (column == null) {
      throw new IllegalArgumentException("no rows of " + address + " are read");
    }
    return column;
  }

  /** The address whose rows are encoded at a site. */
  public static String input(String site) {
    int arrow = site.indexOf('>');
    return arrow < 0 ? site : site.substring(0, arrow);
  }

  /** The address whose rows are reconstructed. */
  public static String output(String site) {
    return site.substring(site.indexOf('>') + 1);
  }

  /** The piece of the corpus that a place's buffer begins in; 0 where the words are no place. */
  public static int pieceOf(String place) {
    return LivePlace.read(place).map(LivePlace::piece).orElse(0);
  }

  /** Bytes it holds beside a batch of each site. */
  public static long bytes(Collection<Integer> widths, int bufferRows) {
    return Float.BYTES * (long) bufferRows * (1 + widths.stream().mapToLong(w -> w).sum());
  }

  /** The rows of each site, by its address. They are drawn from in turn, batch by batch. */
  public Map<String, RowSource> sources() {
    return Map.copyOf(sites);
  }

  private void draw(int count) {
    fillWhereEmpty();
    columns.values().forEach(column -> column.prepare(count));
    LivePlace next = place;
    for (int i = 0; i < count; i++) {
      if (next.row() == order.length) {
        next = fill(next);
      }
      int from = order[next.row()];
      for (Column column : columns.values()) {
        column.gather(from, i);
      }
      next = next.at(next.row() + 1);
    }
    place = next;
    drawn++;
  }

  /** Has the buffer hold the rows of {@link #place}. */
  private void fillWhereEmpty() {
    if (order.length > 0) {
      return;
    }
    rows.seek(place.piece(), place.before());
    LivePlace filled = fill(place.epoch(), place.buffer());
    boolean others = place.sum() >= 0 && place.sum() != filled.sum();
    if (others || !filled.sameBuffer(place) || place.row() > order.length) {
      order = new int[0];
      throw TapscopeException.failed(
          "rows-other",
          "The model gives other rows than when the checkpoint was written (%s, and now %s). Resume with the command, the model, the Java and the kind of machine that the training began with."
              .formatted(place.in(identity), filled.in(identity)));
    }
    place = filled.at(place.row());
  }

  /** Fills the buffer that follows. */
  private LivePlace fill(LivePlace before) {
    order = new int[0]; // until it is whole
    return fill(before.epoch(), before.buffer() + 1);
  }

  private LivePlace fill(long epoch, int buffer) {
    LivePlace begin = new LivePlace(epoch, buffer, rows.piece(), rows.row(), 0, -1);
    int filled = 0;
    while (filled < capacity && rows.next()) {
      for (Map.Entry<String, Column> entry : columns.entrySet()) {
        put(entry.getKey(), entry.getValue(), filled);
      }
      filled++;
    }
    if (filled == 0) { // the corpus is over; the next epoch begins
      if (begin.buffer() == 0) {
        throw KeptRows.none();
      }
      rows.seek(0, 0);
      return fill(epoch + 1, 0);
    }
    CRC32C sum = new CRC32C();
    for (Column column : columns.values()) {
      column.addTo(sum, filled);
    }
    order = Shuffle.permutation(filled, seed, epoch, buffer);
    return begin.summed(sum.getValue());
  }

  private void put(String address, Column column, int at) {
    int width = rows.pass().width(address);
    if (width != column.width) {
      throw TapscopeException.failed(
          "site-width",
          "The rows of %s have %d values now and had %d before. Train on sites whose rows always have the same width."
              .formatted(address, width, column.width));
    }
    column.put(rows.pass().rows().get(address), rows.token(), at);
  }

  private void seek(String words) {
    LivePlace wanted =
        LivePlace.read(words, identity)
            .orElseThrow(() ->
                TapscopeException.failed(
                    "place-unknown",
                    "'%s' is no place in the rows of this model (%s). Go on with the command, the corpus, the sites, the seed and the buffer that the training began with."
                        .formatted(words, identity)));
    drawn = 0;
    sites.values().forEach(site -> site.drawn = 0);
    boolean there = order.length > 0 && wanted.sameBuffer(place);
    if (there && (wanted.sum() < 0 || wanted.sum() == place.sum())) {
      place = place.at(wanted.row());
    } else if (!wanted.equals(place)) {
      place = wanted;
      order = new int[0];
    }
  }

  @Override
  public void close() {
    if (open) {
      open = false;
      rows.close();
      arena.close();
    }
  }

  /** One site's share in every batch. */
  private final class Site implements RowSource {
    private final Column x;
    private final Column y;
    private long drawn;

    Site(Column x, Column y) {
      this.x = x;
      this.y = y;
    }

    @Override
    public int inputs() {
      return x.width;
    }

    @Override
    public int outputs() {
      return y.width;
    }

    /** Of the buffer it stands in. */
    @Override
    public long rows() {
      fillWhereEmpty();
      return order.length;
    }

    @Override
    public Batch next(int count) {
      if (drawn == LiveRows.this.drawn) {
        draw(count);
      }
      drawn++;
      long rows = x.batch.byteSize() / x.bytes();
      if (drawn != LiveRows.this.drawn || rows != count) {
        throw new IllegalStateException(
            "sites draw in turn: batch %d of %d rows was asked for, and %d of %d is there"
                .formatted(drawn, count, LiveRows.this.drawn, rows));
      }
      return new Batch(x.batch, y.batch, count);
    }

    @Override
    public String place() {
      return place.in(identity);
    }

    @Override
    public void seek(String words) {
      LiveRows.this.seek(words);
    }

    @Override
    public void close() {
      LiveRows.this.close();
    }
  }
}
