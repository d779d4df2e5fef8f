package gemma2.testing;

import gemma2.io.JsonWriter;
import gemma2.math.Dtype;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/** A small Gemma 2 of random weights, written as a Hugging Face folder. */
public final class RandomModel {

  private final Map<String, Object> config = new LinkedHashMap<>();
  private final Map<String, float[]> weights = new LinkedHashMap<>();
  private final Map<String, List<Integer>> shapes = new LinkedHashMap<>();
  private Dtype dtype = Dtype.F32;
  private boolean fineNorms = false;

  /** Three layers of odd sizes, a window of five. */
  public RandomModel() {
    config.put("model_type", "gemma2");
    config.put("hidden_activation", "gelu_pytorch_tanh");
    config.put("vocab_size", 300);
    config.put("hidden_size", 22);
    config.put("intermediate_size", 37);
    config.put("num_hidden_layers", 3);
    config.put("num_attention_heads", 3);
    config.put("num_key_value_heads", 1);
    config.put("head_dim", 10);
    config.put("max_position_embeddings", 64);
    config.put("sliding_window", 5);
    config.put("query_pre_attn_scalar", 7);
    config.put("attn_logit_softcapping", 3.0);
    config.put("final_logit_softcapping", 9.0);
    config.put("rms_norm_eps", 1e-5);
    config.put("rope_theta", 500.0);
    config.put("bos_token_id", 2);
    config.put("eos_token_id", 1);
  }

  /** Sets a field of config.json. */
  public RandomModel with(String field, Object value) {
    config.put(field, value);
    return this;
  }

  /** Leaves a field out of config.json. */
  public RandomModel without(String field) {
    config.remove(field);
    return this;
  }

  /** Stores the weights, which are rounded so that they fit, in another form. */
  public RandomModel stored(Dtype stored) {
    this.dtype = stored;
    return this;
  }

  /** Draws norm weights of all the digits an fp32 number has, so that 1 + w is rounded. */
  public RandomModel withFineNorms() {
    fineNorms = true;
    return this;
  }

  /** A field of config.json that is a number. */
  public double number(String field) {
    return ((Number) config.get(field)).doubleValue();
  }

  /** The weights of a tensor after {@link #write}. */
  public float[] weight(String name) {
    return weights.get(name);
  }

  /** The names of all tensors, once the weights are drawn. */
  public Set<String> names() {
    return weights.keySet();
  }

  /** The shape of a tensor: rows, columns. */
  public List<Integer> shape(String name) {
    return shapes.get(name);
  }

  /** Puts other weights in the place of those that were drawn. */
  public void replace(String name, float[] numbers) {
    weights.put(name, numbers);
  }

  /** Writes config.json and model.safetensors. */
  public RandomModel write(Path folder) {
    writeConfig(folder);
    draw();
    SafetensorsWriter writer = new SafetensorsWriter();
    weights.forEach((name, numbers) -> writer.add(name, dtype, shapes.get(name), numbers));
    writer.write(folder.resolve("model.safetensors"));
    return this;
  }

  /** Writes config.json alone. */
  public RandomModel writeConfig(Path folder) {
    try {
      Files.writeString(folder.resolve("config.json"), JsonWriter.write(config));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return this;
  }

  /** Draws the weights; writing a folder does so too, and they are the same every time. */
  public RandomModel draw() {
    SplittableRandom random = new SplittableRandom(7);
    int d = integer("hidden_size");
    int width = integer("num_attention_heads") * integer("head_dim");
    int kvWidth = integer("num_key_value_heads") * integer("head_dim");
    int ffn = integer("intermediate_size");
    draw(random, "model.embed_tokens.weight", integer("vocab_size"), d);
    for (int layer = 0; layer < integer("num_hidden_layers"); layer++) {
      String prefix = "model.layers." + layer + ".";
      for (String norm :
          List.of(
              "input_layernorm",
              "post_attention_layernorm",
              "pre_feedforward_layernorm",
              "post_feedforward_layernorm")) {
        draw(random, prefix + norm + ".weight", d);
      }
      draw(random, prefix + "self_attn.q_proj.weight", width, d);
      draw(random, prefix + "self_attn.k_proj.weight", kvWidth, d);
      draw(random, prefix + "self_attn.v_proj.weight", kvWidth, d);
      draw(random, prefix + "self_attn.o_proj.weight", d, width);
      draw(random, prefix + "mlp.gate_proj.weight", ffn, d);
      draw(random, prefix + "mlp.up_proj.weight", ffn, d);
      draw(random, prefix + "mlp.down_proj.weight", d, ffn);
    }
    draw(random, "model.norm.weight", d);
    if (Boolean.FALSE.equals(config.get("tie_word_embeddings"))) {
      draw(random, "lm_head.weight", integer("vocab_size"), d);
    }
    return this;
  }

  private int integer(String field) {
    return (int) number(field);
  }

  /** Numbers of seven bits below one: every dtype holds them exactly. */
  private void draw(SplittableRandom random, String name, Integer... shape) {
    int count = 1;
    for (int extent : shape) {
      count *= extent;
    }
    float[] numbers = new float[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = random.nextInt(-127, 128) / 128f;
      if (fineNorms && name.endsWith("norm.weight")) {
        numbers[i] += random.nextInt(-127, 128) * 0x1p-24f;
      }
    }
    weights.put(name, numbers);
    shapes.put(name, List.of(shape));
  }
}
