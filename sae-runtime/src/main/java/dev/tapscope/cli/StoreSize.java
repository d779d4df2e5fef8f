package dev.tapscope.cli;

import dev.tapscope.store.StoredPiece;
import dev.tapscope.tap.TapscopeException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * How large a store becomes, estimated from a few documents.
 *
 * @param positions that a piece has
 * @param bytesPerRow that a position takes
 */
record StoreSize(double positions, long bytesPerRow) {
  /** A run folder is a little larger than the piece that is made of it, and has BOS. */
  private static final double RUN_TO_PIECE = 1.25;

  private double piece() {
    return positions * bytesPerRow;
  }

  /** What is needed while the pieces are made: they, and the run folder of the last. */
  private double needed(int pieces) {
    return piece() * (pieces + RUN_TO_PIECE);
  }

  String sentence(int pieces, long free) {
    return "about %,.0f positions at %,d bytes: %s for %,d pieces, and %s more while one is made; %s are free"
        .formatted(
            positions * pieces,
            bytesPerRow,
            text(piece() * pieces),
            pieces,
            text(piece() * RUN_TO_PIECE),
            text(free));
  }

  /**
   * @throws TapscopeException {@code disk-estimate}
   */
  void requireRoom(int pieces, long free, Path folder) {
    if (needed(pieces) > free) {
      throw TapscopeException.failed(
          "disk-estimate",
          "The rest of the store would take about %s on the disk of %s, and %s are free. Make room, or ask for fewer sites, a shorter --dtype or a --shard; no piece was begun."
              .formatted(text(needed(pieces)), folder, text(free)));
    }
  }

  /**
   * @throws TapscopeException {@code disk-full} when another piece like the largest has no room
   */
  static void requireRoomForOne(List<StoredPiece> pieces, long free, Path folder) {
    long largest = pieces.stream().mapToLong(StoredPiece::bytes).max().orElse(0);
    double needed = largest * (1 + RUN_TO_PIECE);
    if (needed > free) {
      throw TapscopeException.failed(
          "disk-full",
          "The disk of %s has %s left, and the next piece needs %s while it is made. What the store has is kept; make room, and the same command goes on from there."
              .formatted(folder, text(free), text(needed)));
    }
  }

  /** In units of a thousand. */
  static String text(double bytes) {
    String[] units = {"bytes", "kB", "MB", "GB", "TB", "PB"};
    double value = bytes;
    int unit = 0;
    while (value >= 999.5 && unit < units.length - 1) {
      value /= 1000;
      unit++;
    }
    return String.format(Locale.ROOT, unit == 0 ? "%.0f %s" : "%.3g %s", value, units[unit]);
  }
}
