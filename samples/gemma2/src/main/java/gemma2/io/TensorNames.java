package gemma2.io;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What Hugging Face's names of Gemma 2's tensors are in GGUF. */
final class TensorNames {

  private static final Pattern OF_LAYER =
      Pattern.compile("model\\.layers\\.(\\d+)\\.(.*)\\.weight");

  private static final Map<String, String> WHOLE =
      Map.of(
          "model.embed_tokens.weight", "token_embd.weight",
          "model.norm.weight", "output_norm.weight",
          "lm_head.weight", "output.weight");

  private static final Map<String, String> IN_LAYER =
      Map.ofEntries(
          Map.entry("input_layernorm", "attn_norm"),
          Map.entry("self_attn.q_proj", "attn_q"),
          Map.entry("self_attn.k_proj", "attn_k"),
          Map.entry("self_attn.v_proj", "attn_v"),
          Map.entry("self_attn.o_proj", "attn_output"),
          Map.entry("post_attention_layernorm", "post_attention_norm"),
          Map.entry("pre_feedforward_layernorm", "ffn_norm"),
          Map.entry("mlp.gate_proj", "ffn_gate"),
          Map.entry("mlp.up_proj", "ffn_up"),
          Map.entry("mlp.down_proj", "ffn_down"),
          Map.entry("post_feedforward_layernorm", "post_ffw_norm"));

  private TensorNames() {}

  /** The name in GGUF; another than Gemma 2's is left as it is. */
  static String inGguf(String name) {
    Matcher layer = OF_LAYER.matcher(name);
    if (layer.matches() && IN_LAYER.containsKey(layer.group(2))) {
      return "blk.%s.%s.weight".formatted(layer.group(1), IN_LAYER.get(layer.group(2)));
    }
    return WHOLE.getOrDefault(name, name);
  }
}
