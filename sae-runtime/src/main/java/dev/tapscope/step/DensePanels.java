package dev.tapscope.step;

import java.lang.foreign.MemorySegment;

/** A batch's inputs and errors, laid out for the products of {@link DenseSums}. */
final class DensePanels implements AutoCloseable {
  private final Team team;
  private final Dimensions dimensions;
  private final PackedRows errorRows;
  private final Scratch inputs = new Scratch();
  private final Scratch errors = new Scratch();

  DensePanels(Team team, Dimensions dimensions) {
    this.team = team;
    this.dimensions = dimensions;
    errorRows = new PackedRows(team, dimensions.outputs());
  }

  void pack(MemorySegment x, MemorySegment errorValues, int rows) {
    errorRows.pack(errorValues, rows, new float[dimensions.outputs()]);
    panel(x, dimensions.inputs(), rows, inputs);
    panel(errorValues, dimensions.outputs(), rows, errors);
  }

  private void panel(MemorySegment values, int width, int rows, Scratch into) {
    int columns = Panels.count(width, Tile.COLUMNS);
    int chunks = Panels.count(rows, DenseSums.TOKENS);
    MemorySegment panels = into.floats(chunks * chunkBytes(width) / Float.BYTES);
    team.run(
        Phase.PACK,
        chunks * columns,
        (worker, part) -> {
          int chunk = part / columns;
          int first = chunk * DenseSums.TOKENS;
          int count = Math.min(DenseSums.TOKENS, rows - first);
          int column = part % columns * Tile.COLUMNS;
          long at = chunk * chunkBytes(width) + (long) column * count * Float.BYTES;
          Panels.copy(values, first, count, width, column, panels, at);
        });
  }

  private static long chunkBytes(int width) {
    long columns = (long) Panels.count(width, Tile.COLUMNS) * Tile.COLUMNS;
    return columns * DenseSums.TOKENS * Float.BYTES;
  }

  /** Tokens as columns: what is multiplied by the decoder. */
  PackedRows errorRows() {
    return errorRows;
  }

  /** The inputs of some tokens, the width as columns. */
  MemorySegment inputs(int chunk) {
    return chunk(inputs, dimensions.inputs(), chunk);
  }

  /** The errors of some tokens, the width as columns. */
  MemorySegment errors(int chunk) {
    return chunk(errors, dimensions.outputs(), chunk);
  }

  private static MemorySegment chunk(Scratch scratch, int width, int chunk) {
    return scratch.floats(0).asSlice(chunk * chunkBytes(width), chunkBytes(width));
  }

  @Override
  public void close() {
    errorRows.close();
    inputs.close();
    errors.close();
  }
}
