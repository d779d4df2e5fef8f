package dev.tapscope.cuda;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** What a step is told: {@code StepValues} of training.cuh, which has the same order. */
final class StepValues {
  static final int BYTES = 88;

  private static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

  private StepValues() {}

  /**
   * @param number of the step, from 1
   * @param weight of one row's penalty in the loss
   * @param least entries from which on the step is a dense one
   */
  static void write(
      MemorySegment to,
      TrainingSettings settings,
      long number,
      double weight,
      double learningRate,
      double least) {
    to.set(ValueLayout.JAVA_LONG, 0, number);
    to.set(DOUBLE, 8, weight);
    to.set(DOUBLE, 16, settings.bandwidth());
    to.set(DOUBLE, 24, argument(settings.penalty()));
    to.set(DOUBLE, 32, least);
    to.set(DOUBLE, 40, settings.clip().orElse(Double.POSITIVE_INFINITY));
    to.set(INT, 48, kind(settings.penalty()));
    to.set(FLOAT, 52, settings.halfBand());
    double firstBias = 1 - StrictMath.pow(settings.beta1(), number);
    double secondBias = 1 - StrictMath.pow(settings.beta2(), number);
    to.set(FLOAT, 56, (float) settings.beta1());
    to.set(FLOAT, 60, (float) (1 - settings.beta1()));
    to.set(FLOAT, 64, (float) settings.beta2());
    to.set(FLOAT, 68, (float) (1 - settings.beta2()));
    to.set(FLOAT, 72, (float) (-learningRate / firstBias));
    to.set(FLOAT, 76, (float) (1 / secondBias));
    to.set(FLOAT, 80, (float) settings.epsilon());
    to.set(INT, 84, settings.logThreshold() ? 1 : 0);
  }

  private static int kind(TrainingSettings.Penalty penalty) {
    return switch (penalty) {
      case TrainingSettings.L0 _ -> 0;
      case TrainingSettings.TargetL0 _ -> 1;
      case TrainingSettings.Tanh _ -> 2;
    };
  }

  private static double argument(TrainingSettings.Penalty penalty) {
    return switch (penalty) {
      case TrainingSettings.L0 _ -> 0;
      case TrainingSettings.TargetL0(double target) -> target;
      case TrainingSettings.Tanh(double scale) -> scale;
    };
  }
}
