package gemma2.math;

import static gemma2.math.Lanes.COUNT;
import static gemma2.math.Lanes.FLOATS;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;

/**
 * The sum of the lanes of a vector: neighbours are added, then neighbouring pairs, and so on.
 * {@code reduceLanes} leaves the order open, and takes another one when it has been compiled.
 */
final class Fold {

  private static final VectorShuffle<Float> SWAP_1 = swap(1);
  private static final VectorShuffle<Float> SWAP_2 = swap(2);
  private static final VectorShuffle<Float> SWAP_4 = swap(4);
  private static final VectorShuffle<Float> SWAP_8 = swap(8);
  private static final VectorMask<Float> ODD = lanesWith(1);
  private static final VectorMask<Float> ODD_PAIRS = lanesWith(2);

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
    // Even lanes hold a, odd ones b, each added to its neighbour; then c and d.
    FloatVector ab = a.blend(b, ODD).add(b.blend(a, ODD).rearrange(SWAP_1));
    FloatVector cd = c.blend(d, ODD).add(d.blend(c, ODD).rearrange(SWAP_1));
    FloatVector all = ab.blend(cd, ODD_PAIRS).add(cd.blend(ab, ODD_PAIRS).rearrange(SWAP_2));
    if (COUNT > 4) {
      all = all.add(all.rearrange(SWAP_4));
    }
    if (COUNT > 8) {
      all = all.add(all.rearrange(SWAP_8));
    }
    if (count == 4) {
      ((FloatVector) all.reinterpretShape(FloatVector.SPECIES_128, 0)).intoArray(out, to);
    } else {
      for (int v = 0; v < count; v++) {
        out[to + v] = all.lane(v);
      }
    }
  }

  private static VectorShuffle<Float> swap(int distance) {
    return VectorShuffle.fromOp(FLOATS, i -> (i ^ distance) % COUNT);
  }

  private static VectorMask<Float> lanesWith(int bit) {
    long lanes = 0;
    for (int i = 0; i < COUNT; i++) {
      lanes |= (i & bit) == 0 ? 0 : 1L << i;
    }
    return VectorMask.fromLong(FLOATS, lanes);
  }
}
