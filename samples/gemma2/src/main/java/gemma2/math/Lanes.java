package gemma2.math;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** The vectors of this machine: {@link #COUNT} floats, 4 to 16 of them. */
final class Lanes {

  static final VectorSpecies<Float> FLOATS = floats(FloatVector.SPECIES_PREFERRED);
  static final int COUNT = FLOATS.length();

  static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED.withShape(shape(1));

  /** As many shorts as there are floats. */
  static final VectorSpecies<Short> SHORTS = ShortVector.SPECIES_PREFERRED.withShape(shape(2));

  /**
   * How many numbers of a row are summed lane by lane; the sums of such stretches are added one
   * after the other. Whole blocks of every dtype.
   */
  static final int STRETCH = 2304;

  private Lanes() {}

  private static VectorSpecies<Float> floats(VectorSpecies<Float> preferred) {
    return preferred.length() > 16
        ? FloatVector.SPECIES_512
        : preferred.length() < 4 ? FloatVector.SPECIES_128 : preferred;
  }

  private static VectorShape shape(int part) {
    return VectorShape.forBitSize(FLOATS.vectorBitSize() / part);
  }

  /** How many of {@code n} numbers are left over when vectors have been filled. */
  static int rest(int n) {
    return n - FLOATS.loopBound(n);
  }
}
