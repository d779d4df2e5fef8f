package gemma2.testing;

import java.util.Arrays;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/**
 * Gemma 2 from its formulas, in double precision, without a cache: every position is computed anew
 * from all tokens. Slow and short, to judge the other one.
 */
public final class SlowGemma2 {

  private final RandomModel model;
  private final int d;
  private final int heads;
  private final int kvHeads;
  private final int headDim;

  public SlowGemma2(RandomModel model) {
    this.model = model;
    this.d = integer("hidden_size");
    this.heads = integer("num_attention_heads");
    this.kvHeads = integer("num_key_value_heads");
    this.headDim = integer("head_dim");
  }

  /** The logits at every position; {@code slides} tells of each layer whether it does. */
  public double[][] logits(int[] tokens, boolean[] slides) {
    float[] embedding = model.weight("model.embed_tokens.weight");
    double[][] x =
        Arrays.stream(tokens)
            .mapToObj(id -> vector(d, i -> embedding[id * d + i] * Math.sqrt(d)))
            .toArray(double[][]::new);
    for (int layer = 0; layer < slides.length; layer++) {
      x = block(x, "model.layers." + layer + ".", slides[layer]);
    }
    String head = model.weight("lm_head.weight") == null ? "model.embed_tokens" : "lm_head";
    double cap = model.number("final_logit_softcapping");
    double[][] logits = new double[x.length][];
    for (int t = 0; t < x.length; t++) {
      double[] raw = times(head, norm("model.norm", x[t]));
      logits[t] = Arrays.stream(raw).map(logit -> cap * Math.tanh(logit / cap)).toArray();
    }
    return logits;
  }

  private double[][] block(double[][] x, String layer, boolean slides) {
    double[][] q = new double[x.length][];
    double[][] k = new double[x.length][];
    double[][] v = new double[x.length][];
    for (int t = 0; t < x.length; t++) {
      double[] normed = norm(layer + "input_layernorm", x[t]);
      q[t] = rotated(times(layer + "self_attn.q_proj", normed), t);
      k[t] = rotated(times(layer + "self_attn.k_proj", normed), t);
      v[t] = times(layer + "self_attn.v_proj", normed);
    }
    double[][] out = new double[x.length][];
    for (int t = 0; t < x.length; t++) {
      double[] z = attention(t, q[t], k, v, slides ? integer("sliding_window") : x.length);
      double[] attended =
          norm(layer + "post_attention_layernorm", times(layer + "self_attn.o_proj", z));
      double[] from = x[t];
      double[] mid = vector(d, i -> from[i] + attended[i]);
      double[] fed =
          norm(
              layer + "post_feedforward_layernorm",
              feedForward(layer + "mlp.", norm(layer + "pre_feedforward_layernorm", mid)));
      out[t] = vector(d, i -> mid[i] + fed[i]);
    }
    return out;
  }

  private double[] attention(int t, double[] q, double[][] k, double[][] v, int window) {
    double[] z = new double[heads * headDim];
    double cap = model.number("attn_logit_softcapping");
    for (int head = 0; head < heads; head++) {
      int of = head * headDim;
      int kvOf = head / (heads / kvHeads) * headDim;
      double sum = 0;
      for (int j = Math.max(0, t - window + 1); j <= t; j++) {
        double score = 0;
        for (int i = 0; i < headDim; i++) {
          score += q[of + i] * k[j][kvOf + i];
        }
        score /= Math.sqrt(model.number("query_pre_attn_scalar"));
        double weight = Math.exp(cap * Math.tanh(score / cap));
        sum += weight;
        for (int i = 0; i < headDim; i++) {
          z[of + i] += weight * v[j][kvOf + i];
        }
      }
      for (int i = 0; i < headDim; i++) {
        z[of + i] /= sum;
      }
    }
    return z;
  }

  private double[] feedForward(String prefix, double[] x) {
    double[] gate = times(prefix + "gate_proj", x);
    double[] up = times(prefix + "up_proj", x);
    return times(prefix + "down_proj", vector(gate.length, i -> gelu(gate[i]) * up[i]));
  }

  private static double gelu(double y) {
    return 0.5 * y * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (y + 0.044715 * Math.pow(y, 3))));
  }

  private double[] rotated(double[] x, int position) {
    double[] out = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      int pair = i % headDim % (headDim / 2);
      double angle = position * Math.pow(model.number("rope_theta"), -2.0 * pair / headDim);
      boolean left = i % headDim < headDim / 2;
      double other = left ? -x[i + headDim / 2] : x[i - headDim / 2];
      out[i] = x[i] * Math.cos(angle) + other * Math.sin(angle);
    }
    return out;
  }

  private double[] norm(String name, double[] x) {
    float[] weight = model.weight(name + ".weight");
    double mean = Arrays.stream(x).map(value -> value * value).average().orElseThrow();
    double rms = Math.sqrt(mean + model.number("rms_norm_eps"));
    return vector(x.length, i -> x[i] / rms * (1 + weight[i]));
  }

  private double[] times(String name, double[] x) {
    float[] weight = model.weight(name + ".weight");
    double[] y = new double[weight.length / x.length];
    for (int o = 0; o < y.length; o++) {
      for (int i = 0; i < x.length; i++) {
        y[o] += weight[o * x.length + i] * x[i];
      }
    }
    return y;
  }

  private static double[] vector(int n, IntToDoubleFunction each) {
    return IntStream.range(0, n).mapToDouble(each).toArray();
  }

  private int integer(String field) {
    return (int) model.number(field);
  }
}
