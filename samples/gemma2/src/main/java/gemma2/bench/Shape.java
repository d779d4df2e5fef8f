package gemma2.bench;

import gemma2.io.JsonWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The shape of a Gemma 2, from which config.json and the tensors' names and shapes follow.
 *
 * @param name what Google calls it, {@code 2b}
 * @param vocab words of the vocabulary
 * @param hidden width of the residual stream
 * @param feedForward width of the feed-forward layer
 * @param queryScalar attention scores are divided by its square root
 * @param window positions a sliding layer sees
 */
public record Shape(
    String name,
    int layers,
    int vocab,
    int hidden,
    int feedForward,
    int heads,
    int kvHeads,
    int headDim,
    int queryScalar,
    int window) {

  /** The three models as published, and one that is done in no time. */
  private static final List<Shape> ALL =
      List.of(
          new Shape("2b", 26, 256_000, 2304, 9216, 8, 4, 256, 256, 4096),
          new Shape("9b", 42, 256_000, 3584, 14_336, 16, 8, 256, 256, 4096),
          new Shape("27b", 46, 256_000, 4608, 36_864, 32, 16, 128, 144, 4096),
          new Shape("tiny", 2, 512, 128, 512, 4, 2, 32, 32, 64));

  /** Positions a sequence may have, in every published model. */
  public static final int CONTEXT = 8192;

  /** The names of all shapes. */
  public static List<String> names() {
    return ALL.stream().map(Shape::name).toList();
  }

  /** The shape of that name. */
  public static Optional<Shape> named(String name) {
    return ALL.stream().filter(shape -> shape.name.equals(name)).findFirst();
  }

  /** The same with other numbers of layers and words. */
  public Shape with(int otherLayers, int otherVocab) {
    return new Shape(
        name,
        otherLayers,
        otherVocab,
        hidden,
        feedForward,
        heads,
        kvHeads,
        headDim,
        queryScalar,
        window);
  }

  /** The text of config.json. */
  String config(String torchDtype) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("architectures", List.of("Gemma2ForCausalLM"));
    fields.put("model_type", "gemma2");
    fields.put("hidden_activation", "gelu_pytorch_tanh");
    fields.put("vocab_size", vocab);
    fields.put("hidden_size", hidden);
    fields.put("intermediate_size", feedForward);
    fields.put("num_hidden_layers", layers);
    fields.put("num_attention_heads", heads);
    fields.put("num_key_value_heads", kvHeads);
    fields.put("head_dim", headDim);
    fields.put("max_position_embeddings", CONTEXT);
    fields.put("sliding_window", window);
    fields.put("query_pre_attn_scalar", queryScalar);
    fields.put("attn_logit_softcapping", 50.0);
    fields.put("final_logit_softcapping", 30.0);
    fields.put("rms_norm_eps", 1e-6);
    fields.put("rope_theta", 10_000.0);
    fields.put("tie_word_embeddings", true);
    fields.put("pad_token_id", 0);
    fields.put("eos_token_id", 1);
    fields.put("bos_token_id", 2);
    fields.put("torch_dtype", torchDtype);
    return JsonWriter.write(fields);
  }

  /** The shape of every tensor, by the names Hugging Face gives them, in the order of use. */
  Map<String, List<Integer>> tensors() {
    Map<String, List<Integer>> tensors = new LinkedHashMap<>();
    tensors.put("model.embed_tokens.weight", List.of(vocab, hidden));
    for (int layer = 0; layer < layers; layer++) {
      String prefix = "model.layers." + layer + ".";
      tensors.put(prefix + "input_layernorm.weight", List.of(hidden));
      tensors.put(prefix + "self_attn.q_proj.weight", List.of(heads * headDim, hidden));
      tensors.put(prefix + "self_attn.k_proj.weight", List.of(kvHeads * headDim, hidden));
      tensors.put(prefix + "self_attn.v_proj.weight", List.of(kvHeads * headDim, hidden));
      tensors.put(prefix + "self_attn.o_proj.weight", List.of(hidden, heads * headDim));
      tensors.put(prefix + "post_attention_layernorm.weight", List.of(hidden));
      tensors.put(prefix + "pre_feedforward_layernorm.weight", List.of(hidden));
      tensors.put(prefix + "mlp.gate_proj.weight", List.of(feedForward, hidden));
      tensors.put(prefix + "mlp.up_proj.weight", List.of(feedForward, hidden));
      tensors.put(prefix + "mlp.down_proj.weight", List.of(hidden, feedForward));
      tensors.put(prefix + "post_feedforward_layernorm.weight", List.of(hidden));
    }
    tensors.put("model.norm.weight", List.of(hidden));
    return tensors;
  }
}
