package dev.tapscope.census;

import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleBinaryOperator;

/** Relations between tensors that only a transformer's own steps bring about, told from looks. */
final class Relations {
  /** Of the largest value: sums and products in another order differ by less. */
  private static final double NEAR = 1e-4;

  /** Of the gain: norms differ by their epsilon too. */
  private static final double NORM_NEAR = 5e-3;

  /** Values that are small beside their row say little of a quotient. */
  private static final double SMALL = 0.05;

  /** Rows that are all equally long would fit any scaling. */
  private static final double LENGTHS_DIFFER = 1.02;

  private static final int LEAST_ROWS = 3;

  private Relations() {}

  /** Whether a value of each layer is another's of the layer before it. */
  static boolean chain(Tensor input, Tensor output) {
    if (input == output || input.layers() < 2) {
      return false;
    }
    for (int pass = 0; pass < input.looks().length; pass++) {
      for (int layer = 0; layer + 1 < input.layers(); layer++) {
        if (!input.look(pass, layer + 1).sameValues(output.look(pass, layer))) {
          return false;
        }
      }
    }
    return true;
  }

  /** {@code sum = a + b}, element by element. */
  static boolean sum(Tensor sum, Tensor a, Tensor b) {
    return everywhere(sum, a, b, Double::sum) && !zero(a) && !zero(b);
  }

  /** {@code product = a * f(b)} for an activation function. */
  static boolean product(Tensor product, Tensor gate, Tensor up) {
    return everywhere(product, gate, up, (g, u) -> geluTanh(g) * u)
        || everywhere(product, gate, up, (g, u) -> g / (1 + Math.exp(-g)) * u);
  }

  private static double geluTanh(double x) {
    return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
  }

  private static boolean zero(Tensor tensor) {
    for (Look[] pass : tensor.looks()) {
      for (Look look : pass) {
        if (look.norm() > 0) {
          return false;
        }
      }
    }
    return true;
  }

  private static boolean everywhere(Tensor of, Tensor a, Tensor b, DoubleBinaryOperator f) {
    for (int pass = 0; pass < of.looks().length; pass++) {
      for (int layer = 0; layer < of.layers(); layer++) {
        if (!everywhere(of.look(pass, layer), a.look(pass, layer), b.look(pass, layer), f)) {
          return false;
        }
      }
    }
    return true;
  }

  private static boolean everywhere(Look of, Look a, Look b, DoubleBinaryOperator f) {
    if (!of.sameShape(a) || !of.sameShape(b)) {
      return false;
    }
    for (int row = 0; row < of.samples().length; row++) {
      double most = 0;
      for (float value : of.samples()[row]) {
        most = Math.max(most, Math.abs(value));
      }
      for (int i = 0; i < of.samples()[row].length; i++) {
        double made = f.applyAsDouble(a.samples()[row][i], b.samples()[row][i]);
        if (!(Math.abs(made - of.samples()[row][i]) <= NEAR * most)) {
          return false;
        }
      }
    }
    return true;
  }

  /**
   * Whether {@code normed = x / rms(x) * gain}, with one gain for all rows of a layer (RMSNorm).
   * Where the norm sees fewer rows than there are, they are the last ones.
   */
  static boolean norm(Tensor x, int xLayer, Tensor normed, int layer) {
    List<double[]> gains = new ArrayList<>();
    double least = Double.POSITIVE_INFINITY;
    double most = 0;
    for (int pass = 0; pass < normed.looks().length; pass++) {
      Look from = x.look(pass, xLayer);
      Look to = normed.look(pass, layer);
      if (from.width() != to.width() || to.rows() > from.rows()) {
        return false;
      }
      boolean all = from.sameShape(to);
      for (int row = all ? 0 : to.samples().length - 1; row < to.samples().length; row++) {
        int source = all ? row : from.samples().length - 1;
        if (from.meanSquares()[source] == 0) {
          continue;
        }
        double rms = Math.sqrt(from.meanSquares()[source]);
        least = Math.min(least, rms);
        most = Math.max(most, rms);
        gains.add(gain(from.samples()[source], to.samples()[row], rms));
      }
    }
    return gains.size() >= LEAST_ROWS && most > LENGTHS_DIFFER * least && agree(gains);
  }

  /** Gain of each column, NaN where the value is too small to tell. */
  private static double[] gain(float[] x, float[] normed, double rms) {
    double[] gain = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      gain[i] = Math.abs(x[i]) < SMALL * rms ? Double.NaN : normed[i] * rms / x[i];
    }
    return gain;
  }

  private static boolean agree(List<double[]> gains) {
    int columns = gains.get(0).length;
    int told = 0;
    for (int i = 0; i < columns; i++) {
      double low = Double.POSITIVE_INFINITY;
      double high = Double.NEGATIVE_INFINITY;
      int rows = 0;
      for (double[] gain : gains) {
        if (!Double.isNaN(gain[i])) {
          low = Math.min(low, gain[i]);
          high = Math.max(high, gain[i]);
          rows++;
        }
      }
      if (rows < LEAST_ROWS) {
        continue;
      }
      if (!(high - low <= NORM_NEAR * Math.max(Math.abs(low), Math.abs(high)))) {
        return false;
      }
      told += high != 0 || low != 0 ? 1 : 0;
    }
    return told >= Math.min(4, columns);
  }

  /** The norm of every layer. */
  static boolean norm(Tensor x, Tensor normed) {
    for (int layer = 0; layer < normed.layers(); layer++) {
      if (!norm(x, layer, normed, layer)) {
        return false;
      }
    }
    return x != normed;
  }

  /** Whether all rows are probabilities, some of several keys. */
  static boolean probabilities(Tensor tensor) {
    boolean several = false;
    for (Look[] pass : tensor.looks()) {
      for (Look look : pass) {
        for (int row = 0; row < look.sums().length; row++) {
          if (Math.abs(look.sums()[row] - 1) > NEAR || look.least()[row] < 0) {
            return false;
          }
          several |= look.widths()[row] > 1;
        }
      }
    }
    return several;
  }

  /** Whether {@code probabilities = softmax(scores)}. */
  static boolean softmax(Tensor probabilities, Tensor scores) {
    boolean several = false;
    for (int pass = 0; pass < scores.looks().length; pass++) {
      for (int layer = 0; layer < scores.layers(); layer++) {
        Look p = probabilities.look(pass, layer);
        Look s = scores.look(pass, layer);
        if (!p.sameShape(s)) {
          return false;
        }
        for (int row = 0; row < p.samples().length; row++) {
          float[] chances = p.samples()[row];
          for (int i = 1; i < chances.length; i++) {
            double wanted = Math.exp(s.samples()[row][i] - s.samples()[row][0]) * chances[0];
            if (Math.abs(wanted - chances[i]) > NEAR * Math.max(chances[i], chances[0])) {
              return false;
            }
            several = true;
          }
        }
      }
    }
    return several;
  }

  /** Whether {@code capped = c * tanh(raw / c)} for one c. */
  static boolean softcap(Tensor capped, Tensor raw) {
    double cap = Double.NaN;
    for (int pass = 0; pass < raw.looks().length; pass++) {
      for (int layer = 0; layer < raw.layers(); layer++) {
        Look to = capped.look(pass, layer);
        Look from = raw.look(pass, layer);
        if (!to.sameShape(from)) {
          return false;
        }
        for (int row = 0; row < to.samples().length; row++) {
          for (int i = 0; i < to.samples()[row].length; i++) {
            double x = from.samples()[row][i];
            double y = to.samples()[row][i];
            if (Double.isNaN(cap) && Math.abs(x - y) > 1e-3 * Math.abs(x)) {
              cap = cap(x, y);
            }
            double wanted = Double.isNaN(cap) ? x : cap * Math.tanh(x / cap);
            if (!(Math.abs(wanted - y) <= 2e-3 * Math.abs(x) + 1e-6)) {
              return false;
            }
          }
        }
      }
    }
    return !Double.isNaN(cap);
  }

  /** The c of {@code y = c * tanh(x / c)}, by halving: the right side grows with c. */
  private static double cap(double x, double y) {
    double low = Math.abs(y);
    double high = 1e6;
    for (int i = 0; i < 200; i++) {
      double middle = (low + high) / 2;
      if (middle * Math.tanh(Math.abs(x) / middle) < Math.abs(y)) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /**
   * Whether the first position of one value is the other's, head by head: attention at the first
   * position sees one key and so gives its value back, to all heads that share it.
   */
  static boolean attends(Tensor mixed, Tensor values) {
    int from = mixed.width();
    int to = values.width();
    for (int size = to; size >= 1; size--) {
      if (to % size == 0 && from % size == 0 && from / size % (to / size) == 0) {
        if (attends(mixed, values, size)) {
          return true;
        }
      }
    }
    return false;
  }

  private static boolean attends(Tensor mixed, Tensor values, int headSize) {
    int sharing = mixed.width() / headSize / (values.width() / headSize);
    for (int layer = 0; layer < mixed.layers(); layer++) {
      float[] z = mixed.look(0, layer).first();
      float[] v = values.look(0, layer).first();
      if (z.length != mixed.width() || v.length != values.width()) {
        return false;
      }
      double most = 0;
      for (float value : v) {
        most = Math.max(most, Math.abs(value));
      }
      for (int i = 0; i < z.length; i++) {
        int head = i / headSize / sharing;
        if (!(Math.abs(z[i] - v[head * headSize + i % headSize]) <= NEAR * most)) {
          return false;
        }
      }
    }
    return true;
  }

  /**
   * Whether the first position's scores are products of queries and keys, {@code scale * q . k} for
   * each head with one scale for all heads and layers.
   */
  static boolean compares(Tensor scores, Tensor queries, Tensor keys) {
    double scale = Double.NaN;
    for (int layer = 0; layer < scores.layers(); layer++) {
      float[] s = scores.look(0, layer).first();
      float[] q = queries.look(0, layer).first();
      float[] k = keys.look(0, layer).first();
      int heads = s.length;
      if (heads < 2 || q.length == 0 || k.length == 0 || q.length % heads != 0) {
        return false;
      }
      int size = q.length / heads;
      if (k.length % size != 0 || heads % (k.length / size) != 0) {
        return false;
      }
      int sharing = heads / (k.length / size);
      for (int head = 0; head < heads; head++) {
        double product = 0;
        for (int i = 0; i < size; i++) {
          product += (double) q[head * size + i] * k[head / sharing * size + i];
        }
        if (Double.isNaN(scale)) {
          scale = s[head] / product;
        }
        if (!(Math.abs(product * scale - s[head]) <= 1e-3 * Math.max(0.1, Math.abs(s[head])))) {
          return false;
        }
      }
    }
    return true;
  }
}
