package gemma2.math;

import static gemma2.math.Lanes.COUNT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Memory that one thread needs while it multiplies, kept for the next time. */
final class Scratch {

  private static final ThreadLocal<Scratch> OWN = ThreadLocal.withInitial(Scratch::new);

  /** Of a cache line: a vector that crosses one is read twice. */
  private static final long ALIGNMENT = 64;

  /** Four sums of vectors. */
  final float[] four = new float[4 * COUNT];

  /** The last numbers of a row, filled up with zeros. */
  final float[] rest = new float[COUNT];

  /** The lanes of a vector of doubles. */
  final double[] doubles = new double[COUNT / 2];

  private float[] sums = new float[0];
  private MemorySegment activations = MemorySegment.NULL;
  private MemorySegment weights = MemorySegment.NULL;
  private MemorySegment row = MemorySegment.NULL;

  private Scratch() {}

  static Scratch own() {
    return OWN.get();
  }

  float[] sums(int floats) {
    if (sums.length < floats) {
      sums = new float[floats];
    }
    return sums;
  }

  MemorySegment activations(long floats) {
    activations = atLeast(activations, floats);
    return activations;
  }

  MemorySegment weights(long floats) {
    weights = atLeast(weights, floats);
    return weights;
  }

  MemorySegment row(long floats) {
    row = atLeast(row, floats);
    return row;
  }

  private static MemorySegment atLeast(MemorySegment segment, long floats) {
    long bytes = floats * Float.BYTES;
    return segment.byteSize() >= bytes ? segment : Arena.ofAuto().allocate(bytes, ALIGNMENT);
  }
}
