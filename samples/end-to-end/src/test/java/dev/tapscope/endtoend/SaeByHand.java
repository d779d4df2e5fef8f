package dev.tapscope.endtoend;

import dev.tapscope.fixtures.Npz;
import dev.tapscope.fixtures.SafetensorsFile;
import dev.tapscope.fixtures.Tensor;
import java.nio.file.Path;

/**
 * A JumpReLU SAE worked out in double precision from its formula: z = x W_enc + b_enc, f = z where
 * z &gt; threshold and 0 elsewhere, reconstruction f W_dec + b_dec.
 */
final class SaeByHand {
  private final Tensor encoder;
  private final Tensor encoderBias;
  private final Tensor decoder;
  private final Tensor decoderBias;
  private final Tensor threshold;
  private final SafetensorsFile stats;

  private SaeByHand(Npz params, SafetensorsFile stats) {
    encoder = params.array("W_enc");
    encoderBias = params.array("b_enc");
    decoder = params.array("W_dec");
    decoderBias = params.array("b_dec");
    threshold = params.array("threshold");
    this.stats = stats;
  }

  static SaeByHand read(Path folder) {
    return new SaeByHand(
        Npz.read(folder.resolve("params.npz")),
        SafetensorsFile.read(folder.resolve("stats.safetensors")));
  }

  double threshold(int feature) {
    return threshold.at(feature);
  }

  /** The largest value of a feature that its statistics saw. */
  double max(int feature) {
    return stats.tensor("max").at(feature);
  }

  /** Mean norm of the site's rows, as the statistics state it. */
  double meanNorm() {
    return Double.parseDouble(stats.metadata().get("mean_norm"));
  }

  double[] preActivations(double[] x) {
    double[] z = encoderBias.values();
    for (int i = 0; i < x.length; i++) {
      for (int f = 0; f < z.length; f++) {
        z[f] += x[i] * encoder.at(i, f);
      }
    }
    return z;
  }

  double[] features(double[] x) {
    double[] f = preActivations(x);
    for (int i = 0; i < f.length; i++) {
      if (f[i] <= threshold.at(i)) {
        f[i] = 0;
      }
    }
    return f;
  }

  double[] reconstruction(double[] x) {
    double[] f = features(x);
    double[] sum = decoderBias.values();
    for (int feature = 0; feature < f.length; feature++) {
      if (f[feature] != 0) {
        sum = plus(sum, f[feature], feature);
      }
    }
    return sum;
  }

  /** x + strength * the feature's decoder row. */
  double[] plus(double[] x, double strength, int feature) {
    double[] sum = x.clone();
    double[] row = decoder.row(feature);
    for (int i = 0; i < sum.length; i++) {
      sum[i] += strength * row[i];
    }
    return sum;
  }
}
