package dev.tapscope.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.SplittableRandom;

/** Random weights and rows of a shape, their thresholds where no gate is in doubt. */
final class Numbers {
  /** How near to a threshold, or to an edge of its band, no preactivation may be here. */
  private static final double MARGIN = 3e-5;

  private final Arena arena = Arena.ofAuto();
  final Scale.Shape shape;
  final MemorySegment encoder;
  final MemorySegment decoder;
  final MemorySegment encoderBias;
  final MemorySegment decoderBias;
  final MemorySegment threshold;
  final MemorySegment trainedThreshold;
  final MemorySegment x;
  final MemorySegment y;

  /**
   * @param settings whose formulas are to be clear of doubt
   */
  Numbers(Scale.Shape shape, TrainingSettings settings, long seed) {
    this.shape = shape;
    encoder = Synthetic.units(arena, shape.features(), shape.inputs(), seed + 1);
    decoder = Synthetic.units(arena, shape.features(), shape.outputs(), seed + 2);
    x = Synthetic.rows(arena, shape.rows(), shape.inputs(), seed + 3);
    y =
        shape.inputs() == shape.outputs()
            ? x
            : Synthetic.rows(arena, shape.rows(), shape.outputs(), seed + 4);
    SplittableRandom random = new SplittableRandom(seed + 5);
    encoderBias = small(random, shape.features());
    decoderBias = small(random, shape.outputs());
    float[] none = new float[shape.features()];
    Arrays.fill(none, Float.MAX_VALUE);
    Reference reference = reference(settings, Synthetic.copy(arena, none));
    float[] thresholds = thresholds(reference.z, settings.bandwidth(), random);
    trainedThreshold = Synthetic.copy(arena, thresholds);
    if (settings.logThreshold()) {
      for (int k = 0; k < thresholds.length; k++) {
        float log = (float) Math.log(thresholds[k]);
        trainedThreshold.setAtIndex(ValueLayout.JAVA_FLOAT, k, log);
        thresholds[k] = (float) Math.exp(log);
      }
    }
    threshold = Synthetic.copy(arena, thresholds);
  }

  /** All of it in double precision, by the formulas of some settings. */
  Reference reference(TrainingSettings settings) {
    return reference(settings, threshold);
  }

  private Reference reference(TrainingSettings settings, MemorySegment thresholds) {
    return new Reference(
        shape,
        settings,
        Reference.doubles(encoder),
        Reference.doubles(decoder),
        Reference.doubles(encoderBias),
        Reference.doubles(decoderBias),
        Reference.doubles(thresholds),
        Reference.doubles(x));
  }

  private MemorySegment small(SplittableRandom random, int size) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) (0.02 * random.nextGaussian());
    }
    return Synthetic.copy(arena, values);
  }

  /** Such that about an eighth of the rows have a feature, and no row is close to its gate. */
  private float[] thresholds(double[] z, double bandwidth, SplittableRandom random) {
    float[] thresholds = new float[shape.features()];
    double[] column = new double[shape.rows()];
    for (int k = 0; k < thresholds.length; k++) {
      for (int row = 0; row < column.length; row++) {
        column[row] = z[row * shape.features() + k];
      }
      Arrays.sort(column);
      thresholds[k] = 10;
      for (int time = 0; time < 50; time++) {
        int at = column.length - 1 - random.nextInt(Math.max(1, column.length / 4));
        double threshold = Math.max(0.01, column[at] - 1e-3 - 0.01 * random.nextDouble());
        if (isClear(column, threshold, bandwidth)) {
          thresholds[k] = (float) threshold;
          break;
        }
      }
    }
    return thresholds;
  }

  private static boolean isClear(double[] column, double threshold, double bandwidth) {
    for (double value : column) {
      double distance = Math.abs(value - threshold);
      if (distance < MARGIN || Math.abs(distance - bandwidth / 2) < MARGIN) {
        return false;
      }
    }
    // Where the relu comes first, 0 is a preactivation too.
    return Math.abs(threshold - bandwidth / 2) >= MARGIN;
  }
}
