package dev.tapscope.step;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Sums the gradients of one feature after the other over its entries, in one thread's memory. */
final class SparseSums {
  private static final int GROUP = 4;

  private final int inputs;
  private final int outputs;
  private final FeatureGradients gradients;

  // The tokens on which the feature is active, filled up to whole groups with factors of 0.
  private int count;
  private int[] tokens = {};
  private long[] errorRows = {};
  private float[] f = {};
  private float[] byError = {};
  private final float[] byZ = new float[GROUP];

  SparseSums(Arena arena, Dimensions dimensions) {
    inputs = dimensions.inputs();
    outputs = dimensions.outputs();
    gradients = new FeatureGradients(Lanes.floats(arena, inputs), Lanes.floats(arena, outputs));
  }

  /**
   * @param x what was encoded, before {@code b_dec} was taken off it
   */
  FeatureGradients sum(int feature, Forward forward, MemorySegment x, FloatParameter decoderRows) {
    gradients.begin(feature, forward);
    Entries.Block block = forward.entries().block(feature / Entries.BLOCK);
    int start = block.start(feature % Entries.BLOCK);
    int end = block.end(feature % Entries.BLOCK);
    if (start < end) {
      gather(feature, block, start, end, forward.gate());
      if (count > 0) {
        sumActive(feature, forward, x, decoderRows);
      }
      sumBand(feature, block, start, end, forward, decoderRows);
    }
    return gradients;
  }

  private void gather(int feature, Entries.Block block, int start, int end, Gate gate) {
    if (end - start + GROUP > tokens.length) {
      int capacity = end - start + (end - start) / 4 + GROUP;
      tokens = new int[capacity];
      errorRows = new long[capacity];
      f = new float[capacity];
      byError = new float[capacity];
    }
    count = 0;
    for (int e = start; e < end; e++) {
      if (gate.active(feature, block.z(e))) {
        tokens[count] = block.token(e);
        errorRows[count] = (long) block.token(e) * outputs * Float.BYTES;
        f[count] = block.z(e);
        count++;
      }
    }
    if (count > 0) {
      int filled = Math.ceilDiv(count, GROUP) * GROUP;
      Arrays.fill(tokens, count, filled, tokens[count - 1]);
      Arrays.fill(errorRows, count, filled, errorRows[count - 1]);
      Arrays.fill(f, count, filled, 0);
    }
  }

  private void sumActive(
      int feature, Forward forward, MemorySegment x, FloatParameter decoderRows) {
    gradients.encoder().fill((byte) 0);
    gradients.decoder().fill((byte) 0);
    for (int e = 0; e < count; e += GROUP) {
      RowKernels.addAndDot4(
          gradients.decoder(),
          forward.errors(),
          errorRows,
          f,
          e,
          decoderRows.values(),
          decoderRows.at(feature),
          byError,
          outputs);
      for (int i = 0; i < GROUP; i++) {
        byZ[i] = e + i < count ? gradients.active(f[e + i], byError[e + i]) : 0;
      }
      RowKernels.add4(
          gradients.encoder(),
          0,
          x,
          inputRow(e),
          inputRow(e + 1),
          inputRow(e + 2),
          inputRow(e + 3),
          byZ[0],
          byZ[1],
          byZ[2],
          byZ[3],
          inputs);
    }
  }

  private long inputRow(int i) {
    return (long) tokens[i] * inputs * Float.BYTES;
  }

  private void sumBand(
      int feature,
      Entries.Block block,
      int start,
      int end,
      Forward forward,
      FloatParameter decoderRows) {
    Gate gate = forward.gate();
    int next = 0;
    for (int e = start; e < end; e++) {
      float z = block.z(e);
      boolean active = gate.active(feature, z);
      if (gate.inBand(feature, z)) {
        int token = block.token(e);
        float error = active ? byError[next] : byError(token, feature, forward, decoderRows);
        gradients.inBand(active ? z : 0, error, forward.active().l0(token));
      }
      next += active ? 1 : 0;
    }
  }

  private float byError(int token, int feature, Forward forward, FloatParameter decoderRows) {
    return RowKernels.dot(
        forward.errors(),
        (long) token * outputs * Float.BYTES,
        decoderRows.values(),
        decoderRows.at(feature),
        outputs);
  }
}
