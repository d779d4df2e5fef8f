package dev.tapscope.kernel;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.stream.IntStream;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The formulas by the Vector API. Lanes are neighbouring features (or outputs), never parts of one
 * sum: each sum is a chain of fused multiply-adds in index order, in blocks of {@link #BLOCK}
 * terms, and comes out the same on every vector length, batch and thread count, compiled or
 * interpreted.
 */
final class VectorKernels implements SaeKernels {
  private static final VectorSpecies<Float> SPECIES =
      FloatVector.SPECIES_PREFERRED.length() <= SaeWeights.PANEL
          ? FloatVector.SPECIES_PREFERRED
          : FloatVector.SPECIES_512;

  private static final int LANES = SPECIES.length();
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  /** Terms summed before they join the total: the rounding error grows with blocks, not terms. */
  private static final int BLOCK = 256;

  /** Rows that share one read of the weights. */
  private static final int TILE = 4;

  /** Products below which one thread is as fast. */
  private static final long ALONE = 1L << 22;

  @Override
  public String name() {
    return "vector";
  }

  @Override
  public void preactivations(SaeWeights weights, float[] x, int rows, float[] z) {
    IntStream panels = IntStream.range(0, weights.panels());
    boolean alone = (long) rows * weights.inputs() * weights.features() < ALONE;
    (alone ? panels : panels.parallel()).forEach(panel -> encodePanel(weights, panel, x, rows, z));
  }

  private static void encodePanel(SaeWeights weights, int panel, float[] x, int rows, float[] z) {
    int features = weights.features();
    int first = panel * SaeWeights.PANEL;
    int count = Math.min(SaeWeights.PANEL, features - first);
    float[] sums = new float[TILE * SaeWeights.PANEL];
    for (int row = 0; row < rows; row += TILE) {
      int tile = Math.min(TILE, rows - row);
      for (int lane = 0; lane < SaeWeights.PANEL; lane += LANES) {
        if (tile == TILE) {
          sumTile(weights, panel, lane, x, row, sums);
        } else {
          for (int r = 0; r < tile; r++) {
            sumRow(weights, panel, lane, x, row + r, sums, r * SaeWeights.PANEL);
          }
        }
      }
      for (int r = 0; r < tile; r++) {
        for (int j = 0; j < count; j++) {
          z[(row + r) * features + first + j] =
              sums[r * SaeWeights.PANEL + j] + weights.encoderBias(first + j);
        }
      }
    }
  }

  /** Four rows against one vector of features. */
  private static void sumTile(
      SaeWeights weights, int panel, int lane, float[] x, int row, float[] sums) {
    MemorySegment encoder = weights.encoder();
    int inputs = weights.inputs();
    long at = weights.panelOffset(panel) + (long) lane * Float.BYTES;
    int x0 = row * inputs;
    int x1 = x0 + inputs;
    int x2 = x1 + inputs;
    int x3 = x2 + inputs;
    FloatVector sum0 = FloatVector.zero(SPECIES);
    FloatVector sum1 = sum0;
    FloatVector sum2 = sum0;
    FloatVector sum3 = sum0;
    for (int from = 0; from < inputs; from += BLOCK) {
      int to = Math.min(from + BLOCK, inputs);
      FloatVector part0 = FloatVector.zero(SPECIES);
      FloatVector part1 = part0;
      FloatVector part2 = part0;
      FloatVector part3 = part0;
      for (int k = from; k < to; k++) {
        FloatVector w =
            FloatVector.fromMemorySegment(
                SPECIES, encoder, at + (long) k * SaeWeights.PANEL * Float.BYTES, ORDER);
        part0 = w.fma(FloatVector.broadcast(SPECIES, x[x0 + k]), part0);
        part1 = w.fma(FloatVector.broadcast(SPECIES, x[x1 + k]), part1);
        part2 = w.fma(FloatVector.broadcast(SPECIES, x[x2 + k]), part2);
        part3 = w.fma(FloatVector.broadcast(SPECIES, x[x3 + k]), part3);
      }
      sum0 = sum0.add(part0);
      sum1 = sum1.add(part1);
      sum2 = sum2.add(part2);
      sum3 = sum3.add(part3);
    }
    sum0.intoArray(sums, lane);
    sum1.intoArray(sums, lane + SaeWeights.PANEL);
    sum2.intoArray(sums, lane + 2 * SaeWeights.PANEL);
    sum3.intoArray(sums, lane + 3 * SaeWeights.PANEL);
  }

  /** One row against one vector of features, the same sums as in a tile. */
  private static void sumRow(
      SaeWeights weights, int panel, int lane, float[] x, int row, float[] sums, int into) {
    MemorySegment encoder = weights.encoder();
    int inputs = weights.inputs();
    long at = weights.panelOffset(panel) + (long) lane * Float.BYTES;
    int x0 = row * inputs;
    FloatVector sum = FloatVector.zero(SPECIES);
    for (int from = 0; from < inputs; from += BLOCK) {
      int to = Math.min(from + BLOCK, inputs);
      FloatVector part = FloatVector.zero(SPECIES);
      for (int k = from; k < to; k++) {
        FloatVector w =
            FloatVector.fromMemorySegment(
                SPECIES, encoder, at + (long) k * SaeWeights.PANEL * Float.BYTES, ORDER);
        part = w.fma(FloatVector.broadcast(SPECIES, x[x0 + k]), part);
      }
      sum = sum.add(part);
    }
    sum.intoArray(sums, into + lane);
  }

  @Override
  public void decode(SaeWeights weights, SparseRows f, float[] xhat) {
    int outputs = weights.outputs();
    for (int r = 0; r < f.rows(); r++) {
      int at = r * outputs;
      Arrays.fill(xhat, at, at + outputs, 0);
      for (int i = f.start(r); i < f.end(r); i++) {
        addFeature(weights, f.index(i), f.value(i), xhat, at);
      }
      for (int j = 0; j < outputs; j++) {
        xhat[at + j] += weights.decoderBias(j);
      }
    }
  }

  @Override
  public void addFeature(SaeWeights weights, int feature, float scale, float[] rows, int at) {
    MemorySegment decoder = weights.decoder();
    long from = weights.decoderOffset(feature);
    int outputs = weights.outputs();
    int whole = SPECIES.loopBound(outputs);
    FloatVector scales = FloatVector.broadcast(SPECIES, scale);
    for (int j = 0; j < whole; j += LANES) {
      FloatVector w =
          FloatVector.fromMemorySegment(SPECIES, decoder, from + (long) j * Float.BYTES, ORDER);
      w.fma(scales, FloatVector.fromArray(SPECIES, rows, at + j)).intoArray(rows, at + j);
    }
    for (int j = whole; j < outputs; j++) {
      float w = decoder.get(SaeWeights.FLOAT, from + (long) j * Float.BYTES);
      rows[at + j] = Math.fma(w, scale, rows[at + j]);
    }
  }
}
