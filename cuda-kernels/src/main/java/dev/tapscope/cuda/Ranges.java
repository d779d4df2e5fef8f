package dev.tapscope.cuda;

/**
 * How the features are shared out among the blocks that screen the same rows. What comes out does
 * not depend on it.
 *
 * @param count number of ranges
 * @param features of each but the last, a multiple of a tile's
 */
record Ranges(int count, int features) {
  /** Rows and features of a tile of {@code screen.cu}. */
  static final int TILE = 128;

  /** Most ranges that {@code recheck.cu} takes. */
  static final int MOST = 256;

  /** Blocks of the screen that a multiprocessor holds. */
  private static final int BLOCKS_EACH = 2;

  /** What a block costs on top of its tiles, in tiles: its first slices, which nothing hides. */
  private static final double START = 0.2;

  /** All features of a row in one. */
  static Ranges whole(int features) {
    return new Ranges(1, features);
  }

  /** The ranges that keep a card with so many multiprocessors busy best. */
  static Ranges of(int rows, int features, int multiprocessors) {
    int rowTiles = Math.ceilDiv(rows, TILE);
    int tiles = Math.ceilDiv(features, TILE);
    int best = tiles;
    double least = Double.POSITIVE_INFINITY;
    for (int count = 1; count <= Math.min(tiles, MOST); count++) {
      int each = Math.ceilDiv(tiles, count);
      long blocks = (long) rowTiles * Math.ceilDiv(tiles, each);
      double time = Math.ceilDiv(blocks, (long) BLOCKS_EACH * multiprocessors) * (each + START);
      if (time < least) {
        least = time;
        best = each;
      }
    }
    return new Ranges(Math.ceilDiv(tiles, best), Math.multiplyExact(best, TILE));
  }
}
