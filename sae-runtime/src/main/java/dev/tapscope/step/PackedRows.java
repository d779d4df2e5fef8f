package dev.tapscope.step;

import java.lang.foreign.MemorySegment;

/** A batch's rows, laid out in panels of {@link Tile#COLUMNS} rows. Reused from step to step. */
final class PackedRows implements AutoCloseable {
  private final Team team;
  private final int width;
  private final Scratch scratch = new Scratch();
  private MemorySegment panels = MemorySegment.NULL;
  private int rows;

  PackedRows(Team team, int width) {
    this.team = team;
    this.width = width;
  }

  /** Lays out rows, less what is to be taken off each of them. */
  void pack(MemorySegment values, int count, float[] offsets) {
    int number = Panels.count(count, Tile.COLUMNS);
    MemorySegment into = scratch.floats((long) number * Tile.COLUMNS * width);
    panels = into;
    rows = count;
    team.run(
        Phase.PACK,
        number,
        (worker, panel) -> {
          int first = panel * Tile.COLUMNS;
          int filled = Math.min(Tile.COLUMNS, count - first);
          Panels.transpose(values, first, filled, width, offsets, into, at(first));
        });
  }

  int rows() {
    return rows;
  }

  MemorySegment panels() {
    return panels;
  }

  /** Where the panel that begins with that row begins, in bytes. */
  long at(int row) {
    return (long) row * width * Float.BYTES;
  }

  @Override
  public void close() {
    scratch.close();
  }
}
