package dev.tapscope.step;

import static dev.tapscope.step.Lanes.BYTES;
import static dev.tapscope.step.Lanes.FLOATS;
import static dev.tapscope.step.Lanes.ORDER;
import static dev.tapscope.step.Lanes.all;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * {@link AdamStep} in single precision.
 *
 * <p>Second moments below the smallest normal number become 0, so that a row's moments after many
 * steps without a gradient are the same bits whether each step has multiplied them or one step has
 * made up for all.
 *
 * @param rate what a mean gradient is multiplied by: the learning rate, below 0
 * @param secondBias what a second moment is multiplied by
 */
record FloatAdam(
    float scale,
    float beta1,
    float restOfBeta1,
    float beta2,
    float restOfBeta2,
    float rate,
    float secondBias,
    float epsilon) {

  /** Steps made up for between two looks whether there is anything left to multiply. */
  private static final int LOOK = 256;

  static FloatAdam of(AdamStep step) {
    Adam adam = step.adam();
    return new FloatAdam(
        (float) step.scale(),
        (float) adam.beta1(),
        (float) (1 - adam.beta1()),
        (float) adam.beta2(),
        (float) (1 - adam.beta2()),
        (float) (-step.learningRate() / step.firstBias()),
        (float) (1 / step.secondBias()),
        (float) adam.epsilon());
  }

  /**
   * Moves a row against its gradient.
   *
   * @param at where the row begins in {@code values} and its moments, in bytes
   * @param m mean gradients, where beta1 is not 0
   * @param length in floats
   */
  void move(
      MemorySegment values,
      MemorySegment v,
      Optional<MemorySegment> m,
      long at,
      MemorySegment gradient,
      long atGradient,
      int length) {
    int whole = FLOATS.loopBound(length) * Float.BYTES;
    if (m.isPresent()) {
      MemorySegment means = m.get();
      for (int j = 0; j < whole; j += BYTES) {
        moveByMean(values, v, means, at + j, gradient, atGradient + j, FLOATS.maskAll(true));
      }
    } else {
      moveWhole(values, v, at, gradient, atGradient, whole);
    }
    if (length % Lanes.COUNT != 0) {
      VectorMask<Float> rest = FLOATS.indexInRange(FLOATS.loopBound(length), length);
      if (m.isPresent()) {
        moveByMean(values, v, m.get(), at + whole, gradient, atGradient + whole, rest);
      } else {
        FloatVector g = load(gradient, atGradient + whole, rest).mul(all(scale));
        FloatVector second = second(load(v, at + whole, rest), g);
        second.intoMemorySegment(v, at + whole, ORDER, rest);
        moved(load(values, at + whole, rest), g, second)
            .intoMemorySegment(values, at + whole, ORDER, rest);
      }
    }
  }

  private void moveWhole(
      MemorySegment values,
      MemorySegment v,
      long at,
      MemorySegment gradient,
      long atGradient,
      int whole) {
    FloatVector scales = all(scale);
    for (int j = 0; j < whole; j += BYTES) {
      FloatVector g = Lanes.load(gradient, atGradient + j).mul(scales);
      FloatVector second = second(Lanes.load(v, at + j), g);
      second.intoMemorySegment(v, at + j, ORDER);
      moved(Lanes.load(values, at + j), g, second).intoMemorySegment(values, at + j, ORDER);
    }
  }

  private void moveByMean(
      MemorySegment values,
      MemorySegment v,
      MemorySegment m,
      long at,
      MemorySegment gradient,
      long atGradient,
      VectorMask<Float> mask) {
    FloatVector g = load(gradient, atGradient, mask).mul(all(scale));
    FloatVector second = second(load(v, at, mask), g);
    second.intoMemorySegment(v, at, ORDER, mask);
    FloatVector mean = g.fma(all(restOfBeta1), load(m, at, mask).mul(all(beta1)));
    mean.intoMemorySegment(m, at, ORDER, mask);
    moved(load(values, at, mask), mean, second).intoMemorySegment(values, at, ORDER, mask);
  }

  private FloatVector second(FloatVector v, FloatVector g) {
    return normal(g.mul(all(restOfBeta2)).fma(g, v.mul(all(beta2))));
  }

  private FloatVector moved(FloatVector values, FloatVector first, FloatVector second) {
    FloatVector deviation =
        second.mul(all(secondBias)).lanewise(VectorOperators.SQRT).add(all(epsilon));
    return values.add(first.mul(all(rate)).div(deviation));
  }

  private static FloatVector normal(FloatVector v) {
    return v.blend(0, v.compare(VectorOperators.LT, Float.MIN_NORMAL));
  }

  private static FloatVector load(MemorySegment from, long at, VectorMask<Float> mask) {
    return FloatVector.fromMemorySegment(FLOATS, from, at, ORDER, mask);
  }

  /** Makes up for steps in which a row had no gradient. */
  void settle(MemorySegment v, long at, int length, long steps) {
    int whole = FLOATS.loopBound(length) * Float.BYTES;
    for (int j = 0; j < whole; j += BYTES) {
      decayed(Lanes.load(v, at + j), steps).intoMemorySegment(v, at + j, ORDER);
    }
    if (length % Lanes.COUNT != 0) {
      VectorMask<Float> rest = FLOATS.indexInRange(FLOATS.loopBound(length), length);
      decayed(load(v, at + whole, rest), steps).intoMemorySegment(v, at + whole, ORDER, rest);
    }
  }

  private FloatVector decayed(FloatVector v, long steps) {
    FloatVector decays = all(beta2);
    FloatVector left = v;
    for (long done = 0; done < steps; done += LOOK) {
      if (left.compare(VectorOperators.EQ, 0).allTrue()) {
        break;
      }
      int some = (int) Math.min(LOOK, steps - done);
      for (int i = 0; i < some; i++) {
        left = normal(left.mul(decays));
      }
    }
    return left;
  }
}
