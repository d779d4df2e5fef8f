package dev.tapscope.step;

import java.lang.foreign.MemorySegment;
import java.util.stream.Stream;

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
  private final Scratch tokenPanels = new Scratch();
  private final Scratch decoderPanels = new Scratch();
  private final Scratch tiles = new Scratch();

  DenseDecoder(Team team, Dimensions dimensions) {
    this.team = team;
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
    MemorySegment left = tokenPanels.floats((long) tokenCount * Tile.ROWS * FEATURES);
    MemorySegment right = decoderPanels.floats((long) outputCount * Tile.COLUMNS * FEATURES);
    MemorySegment[] tile = tiles(tiles.floats(team.size() * Tile.FLOATS_OF_A_TILE), team.size());
    for (int first = 0; first < features; first += FEATURES) {
      int begin = first;
      int depth = Math.min(FEATURES, features - first);
      left.fill((byte) 0);
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
                  panelAt(panel, Tile.COLUMNS, depth)));
      team.run(
          Phase.DECODE,
          tokenCount,
          (worker, token) -> {
            for (int panel = 0; panel < outputCount; panel++) {
              Tile.multiply(
                  left,
                  panelAt(token, Tile.ROWS, depth),
                  right,
                  panelAt(panel, Tile.COLUMNS, depth),
                  depth,
                  tile[worker]);
              Panels.addTile(
                  tile[worker], xhat, token * Tile.ROWS, rows, panel * Tile.COLUMNS, outputs);
            }
          });
    }
  }

  static MemorySegment[] tiles(MemorySegment memory, int count) {
    long bytes = Tile.FLOATS_OF_A_TILE * Float.BYTES;
    return Stream.iterate(0, i -> i + 1)
        .limit(count)
        .map(i -> memory.asSlice(i * bytes, bytes))
        .toArray(MemorySegment[]::new);
  }

  private static long panelAt(int panel, int width, int depth) {
    return (long) panel * width * depth * Float.BYTES;
  }

  /** Puts the active entries of a block where the product reads them. */
  private static void spread(
      Entries entries, Gate gate, int first, int number, int depth, MemorySegment panels) {
    Entries.Block block = entries.block(number);
    for (int i = 0; i < Entries.BLOCK; i++) {
      int feature = number * Entries.BLOCK + i;
      for (int e = block.start(i); e < block.end(i); e++) {
        if (gate.active(feature, block.z(e))) {
          int token = block.token(e);
          long at =
              panelAt(token / Tile.ROWS, Tile.ROWS, depth)
                  + ((long) (feature - first) * Tile.ROWS + token % Tile.ROWS) * Float.BYTES;
          panels.set(Lanes.FLOAT, at, block.z(e));
        }
      }
    }
  }

  @Override
  public void close() {
    tokenPanels.close();
    decoderPanels.close();
    tiles.close();
  }
}
