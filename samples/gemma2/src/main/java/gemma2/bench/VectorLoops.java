package gemma2.bench;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/** Loops that do one thing only, as fast as this machine can, on its widest vectors. */
final class VectorLoops {

  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
  private static final long BYTES = INTS.vectorByteSize();
  private static final int SUMS = 16;

  private VectorLoops() {}

  /**
   * Reads every byte once and adds them up in eight sums, so that nothing waits for an addition.
   *
   * @param streams one: from front to back; four: a quarter in each, side by side
   * @return a sum of all that was read; using it keeps the reads from being left out
   */
  static long read(MemorySegment bytes, long from, long length, int streams) {
    long whole = length / (8 * BYTES) * (8 * BYTES);
    long apart = streams == 4 ? whole / 4 : 2 * BYTES;
    long step = streams == 4 ? 2 * BYTES : 8 * BYTES;
    long end = from + (streams == 4 ? apart : whole);
    IntVector s0 = IntVector.zero(INTS);
    IntVector s1 = s0;
    IntVector s2 = s0;
    IntVector s3 = s0;
    IntVector s4 = s0;
    IntVector s5 = s0;
    IntVector s6 = s0;
    IntVector s7 = s0;
    for (long i = from; i < end; i += step) {
      s0 = s0.add(load(bytes, i));
      s1 = s1.add(load(bytes, i + BYTES));
      s2 = s2.add(load(bytes, i + apart));
      s3 = s3.add(load(bytes, i + apart + BYTES));
      s4 = s4.add(load(bytes, i + 2 * apart));
      s5 = s5.add(load(bytes, i + 2 * apart + BYTES));
      s6 = s6.add(load(bytes, i + 3 * apart));
      s7 = s7.add(load(bytes, i + 3 * apart + BYTES));
    }
    int[] lanes = s0.add(s1).add(s2.add(s3)).add(s4.add(s5).add(s6.add(s7))).toArray();
    long sum = 0;
    for (int lane : lanes) {
      sum += lane;
    }
    for (long i = from + whole; i < from + length; i++) {
      sum += bytes.get(ValueLayout.JAVA_BYTE, i);
    }
    return sum;
  }

  private static IntVector load(MemorySegment bytes, long at) {
    return IntVector.fromMemorySegment(INTS, bytes, at, ByteOrder.LITTLE_ENDIAN);
  }

  /** Additions and multiplications in one step of {@link #fma}. */
  static long flopsPerStep() {
    return 2L * SUMS * FLOATS.length();
  }

  /** Sixteen sums in registers, each {@code factor * sum + term} over and over: no memory. */
  static float fma(int steps, float factor, float term) {
    FloatVector f = FloatVector.broadcast(FLOATS, factor);
    FloatVector t = FloatVector.broadcast(FLOATS, term);
    FloatVector s0 = FloatVector.broadcast(FLOATS, 0);
    FloatVector s1 = FloatVector.broadcast(FLOATS, 1);
    FloatVector s2 = FloatVector.broadcast(FLOATS, 2);
    FloatVector s3 = FloatVector.broadcast(FLOATS, 3);
    FloatVector s4 = FloatVector.broadcast(FLOATS, 4);
    FloatVector s5 = FloatVector.broadcast(FLOATS, 5);
    FloatVector s6 = FloatVector.broadcast(FLOATS, 6);
    FloatVector s7 = FloatVector.broadcast(FLOATS, 7);
    FloatVector s8 = FloatVector.broadcast(FLOATS, 8);
    FloatVector s9 = FloatVector.broadcast(FLOATS, 9);
    FloatVector s10 = FloatVector.broadcast(FLOATS, 10);
    FloatVector s11 = FloatVector.broadcast(FLOATS, 11);
    FloatVector s12 = FloatVector.broadcast(FLOATS, 12);
    FloatVector s13 = FloatVector.broadcast(FLOATS, 13);
    FloatVector s14 = FloatVector.broadcast(FLOATS, 14);
    FloatVector s15 = FloatVector.broadcast(FLOATS, 15);
    for (int i = 0; i < steps; i++) {
      s0 = s0.fma(f, t);
      s1 = s1.fma(f, t);
      s2 = s2.fma(f, t);
      s3 = s3.fma(f, t);
      s4 = s4.fma(f, t);
      s5 = s5.fma(f, t);
      s6 = s6.fma(f, t);
      s7 = s7.fma(f, t);
      s8 = s8.fma(f, t);
      s9 = s9.fma(f, t);
      s10 = s10.fma(f, t);
      s11 = s11.fma(f, t);
      s12 = s12.fma(f, t);
      s13 = s13.fma(f, t);
      s14 = s14.fma(f, t);
      s15 = s15.fma(f, t);
    }
    FloatVector low = s0.add(s1).add(s2.add(s3)).add(s4.add(s5).add(s6.add(s7)));
    FloatVector high = s8.add(s9).add(s10.add(s11)).add(s12.add(s13).add(s14.add(s15)));
    return low.add(high).lane(0);
  }
}
