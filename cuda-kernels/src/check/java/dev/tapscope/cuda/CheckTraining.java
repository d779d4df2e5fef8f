package dev.tapscope.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Training's activations, gradients and steps, against double precision. */
final class CheckTraining {
  private static final double LEARNING_RATE = 1e-3;
  private static final double COEFFICIENT = 0.1;

  /** Of gradients, reconstructions and the like, relative to the length of the whole array. */
  private static final double CLOSE = 2e-5;

  private final Gpu gpu;
  private final Measures measures;

  CheckTraining(Gpu gpu, Measures measures) {
    this.gpu = gpu;
    this.measures = measures;
  }

  void check(Numbers numbers, TrainingSettings settings, String way) {
    Scale.Shape shape = numbers.shape;
    String of = " of " + shape + ", " + way;
    Reference reference = numbers.reference(settings);
    reference.backward(Reference.doubles(numbers.y), COEFFICIENT);
    try (GpuTraining training = begin(numbers, settings)) {
      GpuTraining.Activations seen = training.activations(numbers.x, shape.rows());
      measures.close("f" + of, seen.f(), reference.f, CLOSE);
      measures.close("xhat" + of, seen.xhat(), reference.xhat, CLOSE);
      GpuTraining.Gradients gradients =
          training.gradients(numbers.x, numbers.y, shape.rows(), COEFFICIENT);
      measures.close(
          "encoder gradient" + of, gradients.encoder(), reference.encoderGradient, CLOSE);
      measures.close(
          "b_enc gradient" + of, gradients.encoderBias(), reference.encoderBiasGradient, CLOSE);
      measures.close(
          "decoder gradient" + of, gradients.decoder(), reference.decoderGradient, CLOSE);
      measures.close(
          "b_dec gradient" + of, gradients.decoderBias(), reference.decoderBiasGradient, CLOSE);
      measures.close(
          "threshold gradient, reconstruction" + of,
          gradients.thresholdReconstruction(),
          reference.thresholdReconstruction,
          CLOSE);
      measures.close(
          "threshold gradient, penalty" + of,
          gradients.thresholdPenalty(),
          reference.thresholdPenalty,
          CLOSE);
      steps(numbers, settings, training, reference, of);
    }
  }

  private GpuTraining begin(Numbers numbers, TrainingSettings settings) {
    Scale.Shape shape = numbers.shape;
    GpuTraining training =
        new GpuTraining(gpu, shape.inputs(), shape.features(), shape.outputs(), settings);
    training.upload("W_enc", numbers.encoder);
    training.upload("W_dec", numbers.decoder);
    training.upload("b_enc", numbers.encoderBias);
    training.upload("b_dec", numbers.decoderBias);
    training.upload(settings.thresholdName(), numbers.trainedThreshold);
    return training;
  }

  /** Two steps, the arrays after them against Adam in double on the gradients before each. */
  private void steps(
      Numbers numbers,
      TrainingSettings settings,
      GpuTraining training,
      Reference reference,
      String of) {
    Scale.Shape shape = numbers.shape;
    Map<String, AdamInDouble> arrays = new LinkedHashMap<>();
    for (String name : List.of("W_enc", "W_dec", "b_enc", "b_dec", settings.thresholdName())) {
      arrays.put(name, new AdamInDouble(download(training, name), settings));
    }
    for (int step = 1; step <= 2; step++) {
      GpuTraining.Gradients gradients =
          training.gradients(numbers.x, numbers.y, shape.rows(), COEFFICIENT);
      TrainingReport report =
          training.step(numbers.x, numbers.y, shape.rows(), LEARNING_RATE, COEFFICIENT);
      if (step == 1) {
        measures.check(
            "loss" + of,
            relative(report.loss(), reference.reconstruction + COEFFICIENT * reference.penalty),
            CLOSE);
        measures.check("l0" + of, Math.abs(report.l0() - reference.l0), 1e-9);
        measures.check("in band" + of, Math.abs(report.inBand() - reference.inBand), 1e-9);
      }
      move(arrays, gradients, settings, report, step, of);
      if (settings.unitDecoder()) {
        arrays.get("W_dec").renormalise(shape.outputs());
      }
    }
    arrays.forEach((name, array) ->
        measures.check(
            name + " after two steps" + of + ", in learning rates",
            array.largestDifference(download(training, name)) / LEARNING_RATE,
            0.01));
  }

  private void move(
      Map<String, AdamInDouble> arrays,
      GpuTraining.Gradients gradients,
      TrainingSettings settings,
      TrainingReport report,
      int step,
      String of) {
    double[] thresholdGradient = gradients.thresholdReconstruction().clone();
    AdamInDouble threshold = arrays.get(settings.thresholdName());
    for (int k = 0; k < thresholdGradient.length; k++) {
      thresholdGradient[k] += gradients.thresholdPenalty()[k];
      if (settings.logThreshold()) {
        thresholdGradient[k] *= Math.exp(threshold.values[k]);
      }
    }
    Map<String, double[]> byName =
        Map.of(
            "W_enc",
            doubles(gradients.encoder()),
            "W_dec",
            doubles(gradients.projectedDecoder()),
            "b_enc",
            doubles(gradients.encoderBias()),
            "b_dec",
            doubles(gradients.decoderBias()),
            settings.thresholdName(),
            thresholdGradient);
    double squares = 0;
    for (double[] gradient : byName.values()) {
      for (double value : gradient) {
        squares += value * value;
      }
    }
    double scale = 1;
    if (settings.clip().isPresent()) {
      double norm = Math.sqrt(squares);
      measures.check(
          "gradient norm of step " + step + of, relative(report.gradientNorm(), norm), CLOSE);
      scale = Math.min(1, settings.clip().getAsDouble() / norm);
    }
    double factor = scale;
    arrays.forEach((name, array) -> array.step(byName.get(name), factor, step, LEARNING_RATE));
  }

  /** With what tensor cores say, as exact as halves are; what follows from it in full. */
  void checkFast(Numbers numbers, TrainingSettings settings) {
    Scale.Shape shape = numbers.shape;
    String of = " of " + shape + ", fast";
    Reference reference = numbers.reference(settings);
    try (GpuTraining training = begin(numbers, settings)) {
      GpuTraining.Activations seen = training.activations(numbers.x, shape.rows());
      Lists.of(seen.f(), shape.rows())
          .check(measures, Precision.FAST, 1, shape.inputs(), shape.features(), reference::row, of);
      measures.close("xhat" + of, seen.xhat(), reference.decode(seen.f()), CLOSE);
    }
  }

  private static float[] download(GpuTraining training, String name) {
    long bytes =
        training.arrays().stream()
            .filter(array -> array.name().equals(name))
            .findFirst()
            .orElseThrow()
            .bytes();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment to = arena.allocate(bytes, 64);
      training.download(name, to);
      return to.toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  private static double relative(double got, double expected) {
    return Math.abs(got - expected) / Math.abs(expected);
  }

  private static double[] doubles(float[] values) {
    double[] doubles = new double[values.length];
    Arrays.setAll(doubles, i -> values[i]);
    return doubles;
  }
}
