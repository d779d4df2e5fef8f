package dev.tapscope.live;

import dev.tapscope.tap.TapscopeException;
import java.util.Collection;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The kept rows of a corpus, one after the other, in the order in which the model computes them.
 * Used by one thread at a time.
 */
public final class KeptRows implements AutoCloseable {
  private final LiveModel model;
  private final SortedSet<String> addresses;
  private final Kept kept;

  /** Where the next row is: of which piece, and how many rows of that come before it. */
  private int piece;

  private long row;
  private Optional<Passes> passes = Optional.empty();
  private Optional<LivePass> pass = Optional.empty();
  private int token;
  private int sequence;

  /**
   * Starts at the beginning of the corpus; no model runs before the first row is asked for.
   *
   * @param model is closed with this
   * @param addresses whose rows are wanted, canonical: {@code res.3}
   */
  public KeptRows(LiveModel model, Collection<String> addresses, Kept kept) {
    this.model = model;
    this.addresses = new TreeSet<>(addresses);
    this.kept = kept;
  }

  /**
   * Begins a piece, and looks how wide the rows of its first pass are.
   *
   * @return by address
   * @throws TapscopeException {@code site-missing}, {@code rows-none} or what the model fails with
   */
  public SortedMap<String, Integer> widths(int ofPiece) {
    endRun();
    piece = ofPiece;
    row = 0;
    begin();
    LivePass first = pass.orElseThrow(KeptRows::none);
    SortedMap<String, Integer> widths = new TreeMap<>();
    addresses.forEach(address -> widths.put(address, first.width(address)));
    return widths;
  }

  static TapscopeException none() {
    return TapscopeException.failed(
        "rows-none",
        "The model has computed the corpus, and every row of it is left out. Give a corpus with"
            + " text, or --keep what is left out.");
  }

  SortedSet<String> addresses() {
    return addresses;
  }

  /** What decides the rows, in a few words. */
  String identity() {
    return String.join("+", addresses) + ", " + model.identity();
  }

  int piece() {
    return piece;
  }

  /** Rows of the piece that come before the next one. */
  long row() {
    return row;
  }

  /** Goes to a row; where it has been passed, the model computes its piece from the beginning. */
  void seek(int newPiece, long newRow) {
    if (passes.isEmpty() || piece != newPiece || row > newRow) {
      endRun();
      piece = newPiece;
      row = 0;
    }
    while (row < newRow) {
      boolean there = next() && piece == newPiece;
      if (!there) {
        throw TapscopeException.failed(
            "rows-other",
            "Piece %d of the corpus had at least %d rows when the checkpoint was written, and the model gives fewer now. Resume with the command, the model and the corpus that the training began with."
                .formatted(newPiece, newRow));
      }
    }
  }

  /**
   * Goes on to the next row.
   *
   * @return false when the corpus is over
   */
  boolean next() {
    while (!nextOfPass()) {
      if (passes.isPresent()) {
        nextPass();
      } else if (piece < model.pieces()) {
        begin();
      } else {
        return false;
      }
      if (pass.isEmpty()) { // the piece is over
        endRun();
        piece++;
        row = 0;
      }
    }
    row++;
    return true;
  }

  private void begin() {
    passes = Optional.of(model.run(piece));
    sequence = 0;
    nextPass();
  }

  private void nextPass() {
    pass = passes.orElseThrow().next();
    token = -1;
    pass.ifPresent(this::check);
  }

  private boolean nextOfPass() {
    if (pass.isEmpty()) {
      return false;
    }
    do {
      token++;
    } while (token < pass.get().tokens().length && !kept.has(pass.get(), token));
    return token < pass.get().tokens().length;
  }

  private void check(LivePass next) {
    if (next.sequence() < sequence) {
      throw TapscopeException.failed(
          "documents-mixed",
          "The model went from text %d back to text %d. Training needs a command that computes its documents one after the other, so that their order is always the same."
              .formatted(sequence, next.sequence()));
    }
    sequence = next.sequence();
    for (String address : addresses) {
      if (!next.rows().containsKey(address)) {
        throw TapscopeException.failed(
            "site-missing",
            "The model showed rows of %s in a pass, and none of %s. Give each site by its own name, such as res.3, and one that fires in every pass."
                .formatted(next.rows().keySet(), address));
      }
    }
  }

  /** The pass of the row that {@link #next} went to. */
  LivePass pass() {
    return pass.orElseThrow();
  }

  /** Its place in that pass. */
  int token() {
    return token;
  }

  private void endRun() {
    passes.ifPresent(Passes::close);
    passes = Optional.empty();
    pass = Optional.empty();
  }

  /** Ends the model. */
  @Override
  public void close() {
    endRun();
    model.close();
  }
}
