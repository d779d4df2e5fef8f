package dev.tapscope.cuda;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * An SAE's forward pass, loss and gradients in double precision, as the formulas say: JumpReLU SAEs
 * (arXiv 2407.14435), Gemma Scope (arXiv 2408.05147), and the penalties that {@link
 * TrainingSettings} names. Written for this check alone.
 */
final class Reference {
  private final Scale.Shape shape;
  private final TrainingSettings settings;
  private final double[] encoder;
  private final double[] decoder;
  private final double[] encoderBias;
  private final double[] decoderBias;
  private final double[] threshold;

  final double[] z;
  final double[] f;
  final double[] xhat;
  private final double[] input;
  private final double[] lengthsOfInputs;
  private final double[] lengthsOfEncoder;
  double reconstruction;
  double penalty;
  double l0;
  double inBand;

  /** Gradients, as {@link GpuTraining.Gradients}. */
  double[] encoderGradient;

  double[] encoderBiasGradient;
  double[] decoderGradient;
  double[] decoderBiasGradient;
  double[] thresholdReconstruction;
  double[] thresholdPenalty;

  Reference(
      Scale.Shape shape,
      TrainingSettings settings,
      double[] encoder,
      double[] decoder,
      double[] encoderBias,
      double[] decoderBias,
      double[] threshold,
      double[] x) {
    this.shape = shape;
    this.settings = settings;
    this.encoder = encoder;
    this.decoder = decoder;
    this.encoderBias = encoderBias;
    this.decoderBias = decoderBias;
    this.threshold = threshold;
    input = x.clone();
    z = new double[shape.rows() * shape.features()];
    f = new double[z.length];
    xhat = new double[shape.rows() * shape.outputs()];
    if (settings.preBias()) {
      for (int i = 0; i < input.length; i++) {
        input[i] -= decoderBias[i % shape.inputs()];
      }
    }
    lengthsOfInputs = lengths(input, shape.rows(), shape.inputs());
    lengthsOfEncoder = lengths(encoder, shape.features(), shape.inputs());
    IntStream.range(0, shape.rows()).parallel().forEach(this::forward);
  }

  private static double[] lengths(double[] matrix, int rows, int width) {
    double[] lengths = new double[rows];
    Arrays.setAll(lengths, r -> Math.sqrt(dot(matrix, r * width, matrix, r * width, width)));
    return lengths;
  }

  static double[] doubles(MemorySegment floats) {
    double[] values = new double[Math.toIntExact(floats.byteSize() / Float.BYTES)];
    Arrays.setAll(values, i -> floats.getAtIndex(ValueLayout.JAVA_FLOAT, i));
    return values;
  }

  private void forward(int row) {
    int features = shape.features();
    int outputs = shape.outputs();
    for (int k = 0; k < features; k++) {
      double sum =
          dot(encoder, k * shape.inputs(), input, row * shape.inputs(), shape.inputs())
              + encoderBias[k];
      z[row * features + k] = settings.reluFirst() ? Math.max(0, sum) : sum;
    }
    System.arraycopy(decoderBias, 0, xhat, row * outputs, outputs);
    for (int k = 0; k < features; k++) {
      double value = z[row * features + k];
      if (value > threshold[k]) {
        f[row * features + k] = value;
        add(value, decoder, k * outputs, xhat, row * outputs, outputs);
      }
    }
  }

  /** The largest a preactivation of the row and feature could be: {@code |x||w|}. */
  double size(int row, int feature) {
    return lengthsOfInputs[row] * lengthsOfEncoder[feature];
  }

  private double spread(int row, int feature) {
    double squares = 0;
    for (int i = 0; i < shape.inputs(); i++) {
      double product = input[row * shape.inputs() + i] * encoder[feature * shape.inputs() + i];
      squares += product * product;
    }
    return Math.sqrt(squares);
  }

  /** A row, for lists to be compared with. */
  Lists.Row row(int row) {
    return new Lists.Row() {
      @Override
      public Lists.Pair pair(int feature) {
        return new Lists.Pair(
            z[row * shape.features() + feature], size(row, feature), threshold[feature]);
      }

      @Override
      public double spread(int feature) {
        return Reference.this.spread(row, feature);
      }
    };
  }

  /** {@code xhat} of other features than {@link #f}. */
  double[] decode(float[] features) {
    double[] decoded = new double[xhat.length];
    IntStream.range(0, shape.rows()).parallel().forEach(row -> decode(features, row, decoded));
    return decoded;
  }

  private void decode(float[] features, int row, double[] to) {
    int outputs = shape.outputs();
    System.arraycopy(decoderBias, 0, to, row * outputs, outputs);
    for (int k = 0; k < shape.features(); k++) {
      double value = features[row * shape.features() + k];
      if (value != 0) {
        add(value, decoder, k * outputs, to, row * outputs, outputs);
      }
    }
  }

  /** Goes backward; {@code coefficient} is the penalty's. */
  void backward(double[] y, double coefficient) {
    int rows = shape.rows();
    int features = shape.features();
    int inputs = shape.inputs();
    int outputs = shape.outputs();
    double[] lengths = lengths(decoder, features, outputs);
    encoderGradient = new double[features * inputs];
    encoderBiasGradient = new double[features];
    decoderGradient = new double[features * outputs];
    decoderBiasGradient = new double[outputs];
    thresholdReconstruction = new double[features];
    thresholdPenalty = new double[features];
    double perRow = coefficient / rows;
    for (int row = 0; row < rows; row++) {
      double[] slope = new double[outputs];
      for (int i = 0; i < outputs; i++) {
        double error = xhat[row * outputs + i] - y[row * outputs + i];
        reconstruction += error * error / rows;
        slope[i] = 2 * error / rows;
        decoderBiasGradient[i] += slope[i];
      }
      int active = 0;
      for (int k = 0; k < features; k++) {
        active += f[row * features + k] != 0 ? 1 : 0;
      }
      l0 += (double) active / rows;
      double byCount = perRow * penaltyByCount(active);
      penalty += penaltyOfCount(active) / rows;
      for (int k = 0; k < features; k++) {
        double value = f[row * features + k];
        boolean near = Math.abs(z[row * features + k] - threshold[k]) < settings.bandwidth() / 2;
        boolean isActive = z[row * features + k] > threshold[k];
        if (!near && !isActive) {
          continue;
        }
        double fromErrors = dot(decoder, k * outputs, slope, 0, outputs);
        double fromPenalty = perRow * lengths[k] * penaltyByLength(value * lengths[k]);
        if (isActive) {
          double dz = fromErrors + fromPenalty;
          penalty += penaltyOfLength(value * lengths[k]) / rows;
          encoderBiasGradient[k] += dz;
          add(dz, input, row * inputs, encoderGradient, k * inputs, inputs);
          add(value, slope, 0, decoderGradient, k * outputs, outputs);
          double byLength = perRow * value * penaltyByLength(value * lengths[k]);
          if (byLength != 0 && lengths[k] != 0) {
            add(byLength / lengths[k], decoder, k * outputs, decoderGradient, k * outputs, outputs);
          }
        }
        if (near) {
          inBand += 1.0 / rows;
          double steepness = threshold[k] / settings.bandwidth();
          thresholdReconstruction[k] -= steepness * fromErrors;
          thresholdPenalty[k] -= steepness * fromPenalty + byCount / settings.bandwidth();
        }
      }
    }
    if (settings.preBias()) {
      for (int k = 0; k < features; k++) {
        add(-encoderBiasGradient[k], encoder, k * inputs, decoderBiasGradient, 0, inputs);
      }
    }
  }

  private double penaltyOfCount(int active) {
    return switch (settings.penalty()) {
      case TrainingSettings.L0 _ -> active;
      case TrainingSettings.TargetL0(double target) ->
          2 / target * (active - target) * (active - target);
      case TrainingSettings.Tanh _ -> 0;
    };
  }

  private double penaltyByCount(int active) {
    return switch (settings.penalty()) {
      case TrainingSettings.L0 _ -> 1;
      case TrainingSettings.TargetL0(double target) -> 4 / target * (active - target);
      case TrainingSettings.Tanh _ -> 0;
    };
  }

  private double penaltyOfLength(double length) {
    return settings.penalty() instanceof TrainingSettings.Tanh(double scale)
        ? Math.tanh(scale * length)
        : 0;
  }

  private double penaltyByLength(double length) {
    if (settings.penalty() instanceof TrainingSettings.Tanh(double scale)) {
      double tanh = Math.tanh(scale * length);
      return scale * (1 - tanh * tanh);
    }
    return 0;
  }

  private static double dot(double[] a, int atA, double[] b, int atB, int width) {
    double sum = 0;
    for (int i = 0; i < width; i++) {
      sum += a[atA + i] * b[atB + i];
    }
    return sum;
  }

  private static void add(double factor, double[] a, int atA, double[] to, int at, int width) {
    for (int i = 0; i < width; i++) {
      to[at + i] += factor * a[atA + i];
    }
  }
}
