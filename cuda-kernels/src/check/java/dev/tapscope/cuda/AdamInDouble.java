package dev.tapscope.cuda;

/** An array under Adam in double precision: Kingma and Ba, arXiv 1412.6980, algorithm 1. */
final class AdamInDouble {
  final double[] values;
  private final double[] first;
  private final double[] second;
  private final TrainingSettings settings;

  AdamInDouble(float[] begin, TrainingSettings settings) {
    this.settings = settings;
    values = new double[begin.length];
    first = new double[begin.length];
    second = new double[begin.length];
    for (int i = 0; i < begin.length; i++) {
      values[i] = begin[i];
    }
  }

  void step(double[] gradient, double scale, int number, double learningRate) {
    double beta1 = settings.beta1();
    double beta2 = settings.beta2();
    double firstBias = 1 - Math.pow(beta1, number);
    double secondBias = 1 - Math.pow(beta2, number);
    for (int i = 0; i < values.length; i++) {
      double g = scale * gradient[i];
      first[i] = beta1 * first[i] + (1 - beta1) * g;
      second[i] = beta2 * second[i] + (1 - beta2) * g * g;
      double mean = first[i] / firstBias;
      double square = second[i] / secondBias;
      values[i] -= learningRate * mean / (Math.sqrt(square) + settings.epsilon());
    }
  }

  void renormalise(int width) {
    for (int at = 0; at < values.length; at += width) {
      double squares = 0;
      for (int i = at; i < at + width; i++) {
        squares += values[i] * values[i];
      }
      for (int i = at; i < at + width && squares > 0; i++) {
        values[i] /= Math.sqrt(squares);
      }
    }
  }

  double largestDifference(float[] got) {
    double largest = 0;
    for (int i = 0; i < values.length; i++) {
      double difference = Math.abs(got[i] - values[i]);
      largest = difference > largest || Double.isNaN(difference) ? difference : largest;
    }
    return largest;
  }
}
