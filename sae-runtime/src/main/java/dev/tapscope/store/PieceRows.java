package dev.tapscope.store;

import dev.tapscope.io.Safetensors;
import dev.tapscope.io.StoredArray;
import dev.tapscope.tap.TapscopeException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.BitSet;
import java.util.Set;

/**
 * The rows of one shard of a run that are to be stored, checked: every site has one row for every
 * token, in the same order.
 */
final class PieceRows {
  private final Safetensors shard;
  private final BitSet kept = new BitSet();
  private final long[] ids;
  private final long[] places;
  private final PieceRun run;

  private PieceRows(Safetensors shard, PieceRun run) {
    this.shard = shard;
    this.run = run;
    this.ids = tensor("tokens").longs();
    this.places = tensor("tokens.rows").longs();
    if (places.length != 2 * ids.length) {
      throw corrupt("%d tokens have %d row numbers".formatted(ids.length, places.length));
    }
  }

  /**
   * Reads and checks.
   *
   * @param after the last sequence of the shard before, 0 for the first
   */
  static PieceRows of(Safetensors shard, PieceRun run, Set<String> sites, long after) {
    PieceRows rows = new PieceRows(shard, run);
    rows.checkSequences(after);
    sites.forEach(rows::checkPlaces);
    for (int i = 0; i < rows.ids.length; i++) {
      if (!run.leftOut().contains((int) rows.ids[i])) {
        rows.kept.set(i);
      }
    }
    return rows;
  }

  private void checkSequences(long after) {
    long before = after;
    for (int i = 0; i < ids.length; i++) {
      long sequence = places[2 * i];
      if (sequence < 0 || sequence >= run.documentOfSequence().length) {
        throw corrupt("it has a sequence " + sequence);
      }
      if (sequence < before) {
        throw TapscopeException.failed(
            "documents-mixed",
            "The model went from text %d back to text %d in %s. A harvest needs a command that computes its documents one after the other, so that their order is always the same."
                .formatted(before, sequence, shard.path()));
      }
      before = sequence;
    }
  }

  private void checkPlaces(String site) {
    long[] rows = tensor(site + ".rows").longs();
    boolean same = rows.length == 3 * ids.length;
    for (int i = 0; same && i < ids.length; i++) {
      same = rows[3 * i] == places[2 * i] && rows[3 * i + 1] == places[2 * i + 1];
    }
    if (!same) {
      throw TapscopeException.failed(
          "site-rows",
          "The site %s has %d rows for %d computed positions, or in another order, and a store needs one row for each. Leave the site out, or have the model compute it everywhere (gemma2 score does)."
              .formatted(site, rows.length / 3, ids.length));
    }
  }

  /** The sequence of its last token, or {@code otherwise} when it has none. */
  long lastSequence(long otherwise) {
    return ids.length == 0 ? otherwise : places[places.length - 2];
  }

  long positions() {
    return ids.length;
  }

  long rows() {
    return kept.cardinality();
  }

  /** Document and position of each row, I64. */
  byte[] places() {
    ByteBuffer bytes = littleEndian(2 * Long.BYTES);
    kept.stream()
        .forEach(i ->
            bytes
                .putLong(run.documentOfSequence()[(int) places[2 * i]])
                .putLong(places[2 * i + 1]));
    return bytes.array();
  }

  /** Token of each row, I32. */
  byte[] ids() {
    ByteBuffer bytes = littleEndian(Integer.BYTES);
    kept.stream().forEach(i -> bytes.putInt((int) ids[i]));
    return bytes.array();
  }

  private ByteBuffer littleEndian(int size) {
    return ByteBuffer.allocate(Math.multiplyExact(kept.cardinality(), size))
        .order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Receives rows that lie together. */
  @FunctionalInterface
  interface Stretch {
    void rows(int from, int to);
  }

  /** Hands out the stretches of rows to store, at most {@code most} rows at a time. */
  void stretches(int most, Stretch to) {
    for (int from = kept.nextSetBit(0); from >= 0; ) {
      int end = Math.min(kept.nextClearBit(from), from + most);
      to.rows(from, end);
      from = kept.nextSetBit(end);
    }
  }

  StoredArray tensor(String name) {
    return shard.find(name).orElseThrow(() -> corrupt("the tensor " + name + " is missing"));
  }

  Safetensors shard() {
    return shard;
  }

  private TapscopeException corrupt(String why) {
    return TapscopeException.failed(
        "run-corrupt",
        "The shard %s contradicts itself: %s. Run again.".formatted(shard.path(), why));
  }
}
