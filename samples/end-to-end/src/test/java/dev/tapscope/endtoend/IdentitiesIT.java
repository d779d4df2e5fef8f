package dev.tapscope.endtoend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.fixtures.Difference;
import dev.tapscope.fixtures.Fixtures;
import dev.tapscope.fixtures.GoldenPrompt;
import dev.tapscope.fixtures.SafetensorsFile;
import dev.tapscope.fixtures.Tensor;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The definitions of the sites, checked on the captured rows alone: a site's name is a predicate on
 * the computation. Shapes are the trained model's: 4 heads of 32, 2 key-value heads, caps 50 and
 * 30.
 */
class IdentitiesIT {
  private static final CapturedRun RUN = Captures.golden(GoldenPrompt.named("mid")).captured();
  private static final SafetensorsFile WEIGHTS =
      SafetensorsFile.read(Fixtures.tinyGemma2().resolve("model.safetensors"));
  private static final int POSITIONS = RUN.places("embed").size();

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5})
  void theResidualStreamIsASum(int layer) {
    String before = layer == 0 ? "embed" : "res." + (layer - 1);
    assertArrayEquals(rows(before).values(), rows("resid_pre." + layer).values());
    // A sum of two floats, so equal to the last bit.
    assertArrayEquals(
        sum(rows("resid_pre." + layer), rows("attn_out." + layer)),
        rows("resid_mid." + layer).floats());
    assertArrayEquals(
        sum(rows("resid_mid." + layer), rows("mlp." + layer)), rows("res." + layer).floats());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5})
  void theProjectionsAndNormsConnectTheSites(int layer) {
    String p = "model.layers." + layer + ".";
    for (int position = 0; position < POSITIONS; position++) {
      double[] residPre = row("resid_pre", layer, position);
      close(norm(residPre, p + "input_layernorm"), "attn_in", layer, position);
      close(times(p + "self_attn.v_proj", row("attn_in", layer, position)), "v", layer, position);
      double[] attnRaw = times(p + "self_attn.o_proj", row("att", layer, position));
      close(attnRaw, "attn_raw", layer, position);
      close(norm(attnRaw, p + "post_attention_layernorm"), "attn_out", layer, position);
      double[] residMid = row("resid_mid", layer, position);
      close(norm(residMid, p + "pre_feedforward_layernorm"), "mlp_in", layer, position);
      close(unitRms(residMid), "transcoder_in", layer, position);
      double[] mlpIn = row("mlp_in", layer, position);
      close(times(p + "mlp.gate_proj", mlpIn), "mlp_gate", layer, position);
      close(times(p + "mlp.up_proj", mlpIn), "mlp_up", layer, position);
      double[] mlpRaw = times(p + "mlp.down_proj", row("mlp_act", layer, position));
      close(mlpRaw, "mlp_raw", layer, position);
      close(norm(mlpRaw, p + "post_feedforward_layernorm"), "mlp", layer, position);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5})
  void attentionIsASoftmaxOverTheKeysOfTheWindow(int layer) {
    for (int position = 0; position < POSITIONS; position++) {
      Map<Integer, CapturedRun.Keys> logits = RUN.attention("attn_logits." + layer, 0, position);
      Map<Integer, CapturedRun.Keys> scores = RUN.attention("attn_scores." + layer, 0, position);
      Map<Integer, CapturedRun.Keys> pattern = RUN.attention("pattern." + layer, 0, position);
      int first = layer % 2 == 0 ? Math.max(0, position - 63) : 0;
      double[] q = row("q", layer, position);
      double[] att = new double[4 * 32];
      for (int head = 0; head < 4; head++) {
        assertEquals(first, pattern.get(head).firstKey());
        double sum = 0;
        double exponentials = 0;
        for (double score : scores.get(head).values()) {
          exponentials += Math.exp(score);
        }
        for (int i = 0; i < pattern.get(head).values().length; i++) {
          double[] k = row("k", layer, first + i);
          double[] v = row("v", layer, first + i);
          double dot = 0;
          for (int j = 0; j < 32; j++) {
            dot += q[head * 32 + j] * k[head / 2 * 32 + j];
          }
          double logit = logits.get(head).values()[i];
          double score = scores.get(head).values()[i];
          double probability = pattern.get(head).values()[i];
          assertEquals(dot / Math.sqrt(32), logit, 3e-5);
          assertEquals(50 * Math.tanh(logit / 50), score, 1e-5);
          assertEquals(Math.exp(score) / exponentials, probability, 1e-5);
          sum += probability;
          for (int j = 0; j < 32; j++) {
            att[head * 32 + j] += probability * v[head / 2 * 32 + j];
          }
        }
        assertEquals(1, sum, 1e-5);
      }
      close(att, "att", layer, position);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5})
  void theActivationIsTanhGelu(int layer) {
    for (int position = 0; position < POSITIONS; position++) {
      double[] gate = row("mlp_gate", layer, position);
      double[] up = row("mlp_up", layer, position);
      double[] act = new double[gate.length];
      for (int i = 0; i < act.length; i++) {
        double y = gate[i];
        double inner = Math.sqrt(2 / Math.PI) * (y + 0.044715 * y * y * y);
        act[i] = 0.5 * y * (1 + Math.tanh(inner)) * up[i];
      }
      close(act, "mlp_act", layer, position);
    }
  }

  @Test
  void theLogitsAreCappedProductsWithTheEmbedding() {
    Tensor embedding = WEIGHTS.tensor("model.embed_tokens.weight");
    int[] tokens = RUN.tokens(0);
    for (int position = 0; position < POSITIONS; position++) {
      double[] scaled = embedding.row(tokens[position]);
      for (int i = 0; i < scaled.length; i++) {
        scaled[i] *= 11.313708305358887;
      }
      assertWithin(scaled, rows("embed").row(position), "embed " + position);
      double[] normed = norm(rows("res.5").row(position), "model.norm");
      assertWithin(normed, rows("final_norm").row(position), "final_norm " + position);
      double[] logits = times("model.embed_tokens", rows("final_norm").row(position));
      for (int i = 0; i < logits.length; i++) {
        logits[i] = 30 * Math.tanh(logits[i] / 30);
      }
      assertWithin(logits, rows("logits").row(position), "logits " + position);
    }
  }

  private static Tensor rows(String address) {
    return RUN.rows(address, 0);
  }

  private static double[] row(String site, int layer, int position) {
    return RUN.rows(site + "." + layer, 0, position).row(0);
  }

  private static void close(double[] expected, String site, int layer, int position) {
    assertWithin(expected, row(site, layer, position), site + "." + layer + " " + position);
  }

  private static void assertWithin(double[] expected, double[] actual, String where) {
    Difference difference = Difference.between(actual, expected);
    assertTrue(difference.within(1e-5), () -> where + ": " + difference);
  }

  private static float[] sum(Tensor a, Tensor b) {
    float[] x = a.floats();
    float[] y = b.floats();
    for (int i = 0; i < x.length; i++) {
      x[i] += y[i];
    }
    return x;
  }

  private static double[] unitRms(double[] x) {
    double mean = 0;
    for (double value : x) {
      mean += value * value / x.length;
    }
    double[] y = x.clone();
    for (int i = 0; i < y.length; i++) {
      y[i] /= Math.sqrt(mean + 1e-6);
    }
    return y;
  }

  private static double[] norm(double[] x, String name) {
    Tensor weight = WEIGHTS.tensor(name + ".weight");
    double[] y = unitRms(x);
    for (int i = 0; i < y.length; i++) {
      y[i] *= 1 + weight.at(i);
    }
    return y;
  }

  private static double[] times(String name, double[] x) {
    Tensor matrix = WEIGHTS.tensor(name + ".weight");
    double[] y = new double[matrix.rows()];
    for (int o = 0; o < y.length; o++) {
      for (int i = 0; i < x.length; i++) {
        y[o] += matrix.at(o, i) * x[i];
      }
    }
    return y;
  }
}
