package dev.tapscope.step;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Sums the gradients of a block of features by products of panels, in one thread's memory: {@code
 * errors W_dec} for all tokens, then what is active of it times the inputs, and the features times
 * the errors; some tokens at a time.
 */
final class DenseSums implements AutoCloseable {
  /** Tokens at a time. */
  static final int TOKENS = 16 * 32;

  private static final int PANELS = Entries.BLOCK / Tile.ROWS;

  private final Dimensions dimensions;
  private final Arena arena = Arena.ofShared();
  private final float[] decoderPanels;
  private final float[] tile = new float[Tile.FLOATS_OF_A_TILE];
  private final float[] byError = new float[Entries.BLOCK * TOKENS];
  private final float[] f;
  private final float[] byZ;
  private final MemorySegment encoderSums;
  private final MemorySegment decoderSums;
  private final FeatureGradients[] gradients = new FeatureGradients[Entries.BLOCK];

  DenseSums(Dimensions dimensions) {
    this.dimensions = dimensions;
    int inputs = dimensions.inputs();
    int outputs = dimensions.outputs();
    decoderPanels = new float[Math.multiplyExact(Entries.BLOCK, outputs)];
    f = new float[Entries.BLOCK * TOKENS];
    byZ = new float[Entries.BLOCK * TOKENS];
    encoderSums = Lanes.floats(arena, (long) Entries.BLOCK * inputs);
    decoderSums = Lanes.floats(arena, (long) Entries.BLOCK * outputs);
    for (int i = 0; i < gradients.length; i++) {
      gradients[i] =
          new FeatureGradients(
              encoderSums.asSlice((long) i * inputs * Float.BYTES, (long) inputs * Float.BYTES),
              decoderSums.asSlice((long) i * outputs * Float.BYTES, (long) outputs * Float.BYTES));
    }
  }

  /** Hands over the features of a block, one after the other. */
  void sum(
      int number,
      Forward forward,
      DensePanels panels,
      FloatParameter decoder,
      Backward.Receiver receiver) {
    int first = number * Entries.BLOCK;
    int count = Math.min(Entries.BLOCK, dimensions.features() - first);
    encoderSums.fill((byte) 0);
    decoderSums.fill((byte) 0);
    for (int i = 0; i < count; i++) {
      gradients[i].begin(first + i, forward);
    }
    packDecoder(decoder, first, count);
    int[] next = new int[count];
    Entries.Block block = forward.entries().block(number);
    for (int i = 0; i < count; i++) {
      next[i] = block.start(i);
    }
    for (int token = 0; token < forward.rows(); token += TOKENS) {
      int tokens = Math.min(TOKENS, forward.rows() - token);
      multiplyErrors(panels, token, tokens);
      Arrays.fill(f, 0);
      Arrays.fill(byZ, 0);
      for (int i = 0; i < count; i++) {
        next[i] = visit(i, first + i, forward, block, next[i], token, tokens);
      }
      int chunk = token / TOKENS;
      accumulate(byZ, panels.inputs(chunk), dimensions.inputs(), tokens, count, encoderSums);
      accumulate(f, panels.errors(chunk), dimensions.outputs(), tokens, count, decoderSums);
    }
    for (int i = 0; i < count; i++) {
      receiver.receive(first + i, gradients[i]);
    }
  }

  private void packDecoder(FloatParameter decoder, int first, int count) {
    for (int row = 0; row < count; row += Tile.ROWS) {
      Panels.transpose(
          decoder.values(),
          first + row,
          Math.min(Tile.ROWS, count - row),
          dimensions.outputs(),
          decoderPanels,
          row * dimensions.outputs());
    }
  }

  /** {@code byError[feature][token] = errors[token] . W_dec[feature]}. */
  private void multiplyErrors(DensePanels panels, int token, int tokens) {
    for (int t = 0; t < tokens; t += Tile.COLUMNS) {
      for (int panel = 0; panel < PANELS; panel++) {
        Arrays.fill(tile, 0);
        Tile.add(
            decoderPanels,
            panel * Tile.ROWS * dimensions.outputs(),
            panels.errorRows().panels(),
            panels.errorRows().at(token + t),
            dimensions.outputs(),
            tile,
            0);
        for (int row = 0; row < Tile.ROWS; row++) {
          System.arraycopy(
              tile,
              row * Tile.COLUMNS,
              byError,
              (panel * Tile.ROWS + row) * TOKENS + t,
              Tile.COLUMNS);
        }
      }
    }
  }

  /** A feature's entries among some tokens; returns the first entry after them. */
  private int visit(
      int i, int feature, Forward forward, Entries.Block block, int from, int token, int tokens) {
    Gate gate = forward.gate();
    int panel = i / Tile.ROWS;
    int e = from;
    for (; e < block.end(i) && block.token(e) < token + tokens; e++) {
      int own = block.token(e) - token;
      float z = block.z(e);
      float error = byError[i * TOKENS + own];
      boolean active = gate.active(feature, z);
      if (active) {
        int at = (panel * TOKENS + own) * Tile.ROWS + i % Tile.ROWS;
        f[at] = z;
        byZ[at] = gradients[i].active(z, error);
      }
      if (gate.inBand(feature, z)) {
        gradients[i].inBand(active ? z : 0, error, forward.active().l0(block.token(e)));
      }
    }
    return e;
  }

  /** {@code sums[feature] += left[feature][token] right[token]}. */
  private void accumulate(
      float[] left, MemorySegment right, int width, int tokens, int count, MemorySegment sums) {
    for (int column = 0; column < width; column += Tile.COLUMNS) {
      for (int panel = 0; panel < PANELS; panel++) {
        Arrays.fill(tile, 0);
        Tile.add(
            left,
            panel * TOKENS * Tile.ROWS,
            right,
            (long) column * tokens * Float.BYTES,
            tokens,
            tile,
            0);
        Panels.addTile(tile, sums, panel * Tile.ROWS, count, column, width);
      }
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}
