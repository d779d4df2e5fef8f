package dev.tapscope.step;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/** The vectors of this machine, and floats outside the heap that lie well for them. */
final class Lanes {
  static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  static final int COUNT = FLOATS.length();
  static final int BYTES = COUNT * Float.BYTES;
  static final ByteOrder ORDER = ByteOrder.nativeOrder();
  static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  /** Of a cache line. */
  private static final long ALIGNMENT = 64;

  private static final int HALVINGS = Integer.numberOfTrailingZeros(COUNT);

  private static final VectorShuffle<Float> HALF = rotation(1);
  private static final VectorShuffle<Float> QUARTER = rotation(2);
  private static final VectorShuffle<Float> EIGHTH = rotation(3);
  private static final VectorShuffle<Float> SIXTEENTH = rotation(4);

  private Lanes() {}

  static MemorySegment floats(Arena arena, long count) {
    return arena.allocate(Math.multiplyExact(count, Float.BYTES), ALIGNMENT);
  }

  static FloatVector load(MemorySegment from, long at) {
    return FloatVector.fromMemorySegment(FLOATS, from, at, ORDER);
  }

  static FloatVector all(float value) {
    return FloatVector.broadcast(FLOATS, value);
  }

  /**
   * The sum of the lanes: the halves are added, then the halves of that. {@code reduceLanes} leaves
   * the order open, and takes another one when it has been compiled.
   */
  static float sum(FloatVector v) {
    FloatVector sum = v;
    if (HALVINGS > 0) {
      sum = sum.add(sum.rearrange(HALF));
    }
    if (HALVINGS > 1) {
      sum = sum.add(sum.rearrange(QUARTER));
    }
    if (HALVINGS > 2) {
      sum = sum.add(sum.rearrange(EIGHTH));
    }
    if (HALVINGS > 3) {
      sum = sum.add(sum.rearrange(SIXTEENTH));
    }
    return sum.lane(0);
  }

  private static VectorShuffle<Float> rotation(int halving) {
    return VectorShuffle.iota(FLOATS, COUNT >> Math.min(halving, HALVINGS), 1, true);
  }
}
