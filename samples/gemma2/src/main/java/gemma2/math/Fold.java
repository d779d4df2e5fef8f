package gemma2.math;

import static gemma2.math.Lanes.COUNT;
import static gemma2.math.Lanes.FLOATS;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;

/**
 * The sum of the lanes of a vector: its halves are added, then the halves of that, down to one.
 * {@code reduceLanes} leaves the order open, and takes another one when it has been compiled.
 */
final class Fold {

  private static final VectorShuffle<Float> HALF = swap(COUNT / 2);
  private static final VectorShuffle<Float> QUARTER = swap(COUNT / 4);
  private static final VectorShuffle<Float> EIGHTH = swap(Math.max(1, COUNT / 8));
  private static final VectorShuffle<Float> SIXTEENTH = swap(Math.max(1, COUNT / 16));
  private static final VectorMask<Float> UPPER_HALVES = lanesWith(COUNT / 2);
  private static final VectorMask<Float> UPPER_QUARTERS = lanesWith(COUNT / 4);

  /** Brings the four sums, a quarter of the lanes apart, side by side. */
  private static final VectorShuffle<Float> TOGETHER =
      VectorShuffle.fromOp(FLOATS, i -> (i & 1) * (COUNT / 2) + (i >> 1 & 1) * (COUNT / 4));

  private Fold() {}

  /**
   * Folds four vectors together, each in its own tree: {@code out[to + v] = sum of sums[at + v *
   * COUNT ...]} for v below {@code count}, which is at most four.
   */
  static void four(float[] sums, int at, float[] out, int to, int count) {
    FloatVector a = FloatVector.fromArray(FLOATS, sums, at);
    FloatVector b = FloatVector.fromArray(FLOATS, sums, at + COUNT);
    FloatVector c = FloatVector.fromArray(FLOATS, sums, at + 2 * COUNT);
    FloatVector d = FloatVector.fromArray(FLOATS, sums, at + 3 * COUNT);
    // The lower lanes hold a, the upper ones b, each added to its other half; then c and d.
    FloatVector ab = a.blend(b, UPPER_HALVES).add(b.blend(a, UPPER_HALVES).rearrange(HALF));
    FloatVector cd = c.blend(d, UPPER_HALVES).add(d.blend(c, UPPER_HALVES).rearrange(HALF));
    FloatVector all =
        ab.blend(cd, UPPER_QUARTERS).add(cd.blend(ab, UPPER_QUARTERS).rearrange(QUARTER));
    if (COUNT > 4) {
      all = all.add(all.rearrange(EIGHTH));
    }
    if (COUNT > 8) {
      all = all.add(all.rearrange(SIXTEENTH));
    }
    FloatVector together = all.rearrange(TOGETHER);
    if (count == 4) {
      ((FloatVector) together.reinterpretShape(FloatVector.SPECIES_128, 0)).intoArray(out, to);
    } else {
      for (int v = 0; v < count; v++) {
        out[to + v] = together.lane(v);
      }
    }
  }

  private static VectorShuffle<Float> swap(int distance) {
    return VectorShuffle.fromOp(FLOATS, i -> i ^ distance);
  }

  private static VectorMask<Float> lanesWith(int bit) {
    long lanes = 0;
    for (int i = 0; i < COUNT; i++) {
      lanes |= (i & bit) == 0 ? 0 : 1L << i;
    }
    return VectorMask.fromLong(FLOATS, lanes);
  }
}
