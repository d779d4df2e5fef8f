package dev.tapscope.step;

import static dev.tapscope.step.Lanes.all;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.stream.Stream;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * The encoder: {@code z = (x - b_dec) W_enc + b_enc}, of which it keeps {@link Entries}. A block of
 * features stays in a thread's cache while tokens go past it, no more of them at a time than stay
 * in the cache of all threads; and what is below the band is forgotten while its tile is still in
 * the nearest cache: no tokens x features array is ever written.
 */
final class FusedEncoder {
  /** Tokens at a time; with fewer of them, laying out the features would take longer. */
  static final int TOKENS = 1024;

  /** Steps of the product at a time: a panel of tokens stays in the nearest cache meanwhile. */
  private static final int DEPTH = 256;

  private final Team team;
  private final int inputs;
  private final int features;
  private final Worker[] workers;

  FusedEncoder(Team team, int inputs, int features) {
    this.team = team;
    this.inputs = inputs;
    this.features = features;
    workers = Stream.generate(() -> new Worker(inputs)).limit(team.size()).toArray(Worker[]::new);
  }

  /**
   * @param tokens the rows, packed by {@link PackedRows}
   * @param encoder {@code [F, d_in]}
   */
  void encode(
      PackedRows tokens,
      MemorySegment encoder,
      MemorySegment bias,
      Gate gate,
      boolean reluFirst,
      Entries entries) {
    entries.clear();
    for (int first = 0; first < tokens.rows(); first += TOKENS) {
      int from = first;
      int to = Math.min(first + TOKENS, tokens.rows());
      double done = (double) to / tokens.rows();
      team.run(
          Phase.ENCODE,
          entries.blocks(),
          (worker, block) -> {
            Worker own = workers[worker];
            own.encode(block, tokens, from, to, encoder, bias, gate, reluFirst);
            entries.block(block).append(own.lists, gate, block * Entries.BLOCK, done);
          });
    }
  }

  private final class Worker {
    private final float[] packed;
    private final float[] tiles;
    private final Entries.Lists lists = new Entries.Lists(TOKENS);

    Worker(int inputs) {
      packed = new float[Math.multiplyExact(Entries.BLOCK, inputs)];
      tiles = new float[Entries.BLOCK * Tile.COLUMNS];
    }

    void encode(
        int block,
        PackedRows tokens,
        int from,
        int to,
        MemorySegment encoder,
        MemorySegment bias,
        Gate gate,
        boolean reluFirst) {
      lists.clear();
      int first = block * Entries.BLOCK;
      int count = Math.min(Entries.BLOCK, features - first);
      int panels = Panels.count(count, Tile.ROWS);
      for (int panel = 0; panel < panels; panel++) {
        int row = panel * Tile.ROWS;
        Panels.transpose(
            encoder, first + row, Math.min(Tile.ROWS, count - row), inputs, packed, at(panel));
      }
      for (int token = from; token < to; token += Tile.COLUMNS) {
        Arrays.fill(tiles, 0);
        for (int k = 0; k < inputs; k += DEPTH) {
          int depth = Math.min(DEPTH, inputs - k);
          long right = tokens.at(token) + (long) k * Tile.COLUMNS * Float.BYTES;
          for (int panel = 0; panel < panels; panel++) {
            int left = at(panel) + k * Tile.ROWS;
            Tile.add(
                packed, left, tokens.panels(), right, depth, tiles, panel * Tile.FLOATS_OF_A_TILE);
          }
        }
        for (int row = 0; row < count; row++) {
          int feature = first + row;
          keep(
              row,
              row * Tile.COLUMNS,
              token,
              to,
              bias.get(Lanes.FLOAT, (long) feature * Float.BYTES),
              gate.thresholds()[feature],
              gate.halfBand(),
              reluFirst);
        }
      }
    }

    private int at(int panel) {
      return panel * Tile.ROWS * inputs;
    }

    /** One feature's preactivations for the tokens of a panel. */
    private void keep(
        int row,
        int at,
        int firstToken,
        int tokens,
        float bias,
        float threshold,
        float halfBand,
        boolean reluFirst) {
      for (int column = 0; column < Tile.COLUMNS; column += Lanes.COUNT) {
        FloatVector z = FloatVector.fromArray(Lanes.FLOATS, tiles, at + column).add(all(bias));
        if (reluFirst) {
          z = z.max(0);
        }
        // What cannot be compared is kept, and found out by the loss.
        VectorMask<Float> below = z.sub(all(threshold)).compare(VectorOperators.LE, -halfBand);
        if (below.allTrue()) {
          continue;
        }
        z.intoArray(tiles, at + column);
        long kept = below.not().toLong();
        for (; kept != 0; kept &= kept - 1) {
          int lane = column + Long.numberOfTrailingZeros(kept);
          int token = firstToken + lane;
          if (token < tokens) {
            lists.add(row, token, tiles[at + lane]);
          }
        }
      }
    }
  }
}
