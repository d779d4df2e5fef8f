package dev.tapscope.step;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Reconstructions while many features are active, as a product of panels: some features at a time,
 * so that nothing grows with their number.
 */
final class DenseDecoder implements AutoCloseable {
  /** Features at a time, in blocks of entries. */
  private static final int BLOCKS = 4;

  static final int FEATURES = BLOCKS * Entries.BLOCK;

  private final Team team;
  private final int features;
  private final int outputs;
  private final Scratch decoderPanels = new Scratch();
  private final float[][] tiles;
  private float[] tokenPanels = {};

  DenseDecoder(Team team, Dimensions dimensions) {
    this.team = team;
    tiles = new float[team.size()][Tile.FLOATS_OF_A_TILE];
    features = dimensions.features();
    outputs = dimensions.outputs();
  }

  /**
   * Adds {@code f W_dec} to rows.
   *
   * @param xhat {@code [rows, d_out]}
   */
  void add(Entries entries, Gate gate, FloatParameter decoder, MemorySegment xhat, int rows) {
    int tokenCount = Panels.count(rows, Tile.ROWS);
    int outputCount = Panels.count(outputs, Tile.COLUMNS);
    float[] left = tokenPanels(Math.multiplyExact(tokenCount, Tile.ROWS * FEATURES));
    MemorySegment right = decoderPanels.floats((long) outputCount * Tile.COLUMNS * FEATURES);
    for (int first = 0; first < features; first += FEATURES) {
      int begin = first;
      int depth = Math.min(FEATURES, features - first);
      Arrays.fill(left, 0);
      int blocks = Math.min(BLOCKS, entries.blocks() - first / Entries.BLOCK);
      team.run(
          Phase.DECODE,
          blocks,
          (worker, i) -> spread(entries, gate, begin, begin / Entries.BLOCK + i, depth, left));
      team.run(
          Phase.DECODE,
          outputCount,
          (worker, panel) ->
              Panels.copy(
                  decoder.values(),
                  begin,
                  depth,
                  outputs,
                  panel * Tile.COLUMNS,
                  right,
                  panelAt(panel, depth)));
      team.run(
          Phase.DECODE,
          tokenCount,
          (worker, token) -> {
            float[] tile = tiles[worker];
            for (int panel = 0; panel < outputCount; panel++) {
              Arrays.fill(tile, 0);
              Tile.add(
                  left, token * Tile.ROWS * depth, right, panelAt(panel, depth), depth, tile, 0);
              Panels.addTile(tile, xhat, token * Tile.ROWS, rows, panel * Tile.COLUMNS, outputs);
            }
          });
    }
  }

  private float[] tokenPanels(int size) {
    if (tokenPanels.length < size) {
      tokenPanels = new float[size];
    }
    return tokenPanels;
  }

  private static long panelAt(int panel, int depth) {
    return (long) panel * Tile.COLUMNS * depth * Float.BYTES;
  }

  /** Puts the active entries of a block where the product reads them. */
  private static void spread(
      Entries entries, Gate gate, int first, int number, int depth, float[] panels) {
    Entries.Block block = entries.block(number);
    for (int i = 0; i < Entries.BLOCK; i++) {
      int feature = number * Entries.BLOCK + i;
      for (int e = block.start(i); e < block.end(i); e++) {
        if (gate.active(feature, block.z(e))) {
          int token = block.token(e);
          int panel = token / Tile.ROWS;
          panels[(panel * depth + feature - first) * Tile.ROWS + token % Tile.ROWS] = block.z(e);
        }
      }
    }
  }

  @Override
  public void close() {
    decoderPanels.close();
  }
}
