package dev.tapscope.step;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

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
  private final MemorySegment decoderPanels;
  private final MemorySegment tile;
  private final MemorySegment byError;
  private final MemorySegment f;
  private final MemorySegment byZ;
  private final MemorySegment encoderSums;
  private final MemorySegment decoderSums;
  private final FeatureGradients[] gradients = new FeatureGradients[Entries.BLOCK];

  DenseSums(Dimensions dimensions) {
    this.dimensions = dimensions;
    int inputs = dimensions.inputs();
    int outputs = dimensions.outputs();
    decoderPanels = Lanes.floats(arena, (long) Entries.BLOCK * outputs);
    tile = Lanes.floats(arena, Tile.FLOATS_OF_A_TILE);
    byError = Lanes.floats(arena, (long) Entries.BLOCK * TOKENS);
    f = Lanes.floats(arena, (long) Entries.BLOCK * TOKENS);
    byZ = Lanes.floats(arena, (long) Entries.BLOCK * TOKENS);
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
      f.fill((byte) 0);
      byZ.fill((byte) 0);
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
    float[] noOffsets = new float[dimensions.outputs()];
    for (int row = 0; row < count; row += Tile.ROWS) {
      Panels.transpose(
          decoder.values(),
          first + row,
          Math.min(Tile.ROWS, count - row),
          dimensions.outputs(),
          noOffsets,
          Tile.ROWS,
          decoderPanels,
          (long) row * dimensions.outputs() * Float.BYTES);
    }
  }

  /** {@code byError[feature][token] = errors[token] . W_dec[feature]}. */
  private void multiplyErrors(DensePanels panels, int token, int tokens) {
    for (int t = 0; t < tokens; t += Tile.COLUMNS) {
      for (int panel = 0; panel < PANELS; panel++) {
        Tile.multiply(
            decoderPanels,
            (long) panel * Tile.ROWS * dimensions.outputs() * Float.BYTES,
            panels.errorRows().panels(),
            panels.errorRows().at(token + t),
            dimensions.outputs(),
            tile);
        for (int row = 0; row < Tile.ROWS; row++) {
          MemorySegment.copy(
              tile,
              (long) row * Tile.COLUMNS * Float.BYTES,
              byError,
              ((long) (panel * Tile.ROWS + row) * TOKENS + t) * Float.BYTES,
              (long) Tile.COLUMNS * Float.BYTES);
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
      float error = byError.get(Lanes.FLOAT, ((long) i * TOKENS + own) * Float.BYTES);
      boolean active = gate.active(feature, z);
      if (active) {
        long at = (((long) panel * TOKENS + own) * Tile.ROWS + i % Tile.ROWS) * Float.BYTES;
        f.set(Lanes.FLOAT, at, z);
        byZ.set(Lanes.FLOAT, at, gradients[i].active(z, error));
      }
      if (gate.inBand(feature, z)) {
        gradients[i].inBand(active ? z : 0, error, forward.active().l0(block.token(e)));
      }
    }
    return e;
  }

  /** {@code sums[feature] += left[feature][token] right[token]}. */
  private void accumulate(
      MemorySegment left,
      MemorySegment right,
      int width,
      int tokens,
      int count,
      MemorySegment sums) {
    for (int column = 0; column < width; column += Tile.COLUMNS) {
      for (int panel = 0; panel < PANELS; panel++) {
        Tile.multiply(
            left,
            (long) panel * TOKENS * Tile.ROWS * Float.BYTES,
            right,
            (long) column * tokens * Float.BYTES,
            tokens,
            tile);
        Panels.addTile(tile, sums, panel * Tile.ROWS, count, column, width);
      }
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}
