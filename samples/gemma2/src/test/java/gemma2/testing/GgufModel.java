package gemma2.testing;

import gemma2.io.Checkpoint;
import gemma2.io.Tensor;
import gemma2.math.Dtype;
import gemma2.model.Config;
import gemma2.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/**
 * Writes a Gemma 2 as convert_hf_to_gguf.py of llama.cpp does: its keys, its names of tensors, 1 in
 * fp32 added to the weights of norms, and its types of pieces.
 */
public final class GgufModel {

  /** What the tokenizer_config.json of a Gemma calls special. */
  public static final Set<String> SPECIAL =
      Set.of("<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "<start_of_turn>", "<end_of_turn>");

  private GgufModel() {}

  /** The model of a folder with tokenizer.model, its matrices stored as they are there. */
  public static GgufWriter of(Path folder) throws IOException {
    Config config = Config.read(folder);
    GgufWriter writer = metadata(numbers(config)::get);
    byte[] model = Files.readAllBytes(folder.resolve("tokenizer.model"));
    Tokenizer tokenizer = Tokenizer.find(folder).orElseThrow();
    ids(writer, config.bos(), tokenizer.eos());
    tokenizer(writer, SentencePieces.of(model), SPECIAL);
    for (Tensor tensor : Checkpoint.open(folder).tensors()) {
      List<Integer> shape = tensor.shape().stream().map(Long::intValue).toList();
      add(writer, tensor.name(), tensor.dtype(), shape, numbers(tensor));
    }
    return writer;
  }

  private static Map<String, Double> numbers(Config config) {
    return Map.ofEntries(
        Map.entry("max_position_embeddings", (double) config.contextLength()),
        Map.entry("hidden_size", (double) config.hiddenSize()),
        Map.entry("num_hidden_layers", (double) config.layers()),
        Map.entry("intermediate_size", (double) config.feedForwardSize()),
        Map.entry("num_attention_heads", (double) config.heads()),
        Map.entry("num_key_value_heads", (double) config.kvHeads()),
        Map.entry("head_dim", (double) config.headDim()),
        Map.entry("sliding_window", (double) config.window()),
        Map.entry("rms_norm_eps", config.normEps()),
        Map.entry("attn_logit_softcapping", (double) config.attentionCap().cap()),
        Map.entry("final_logit_softcapping", (double) config.logitCap().cap()),
        Map.entry("rope_theta", config.ropeTheta()));
  }

  private static float[] numbers(Tensor tensor) {
    float[] numbers = new float[(int) tensor.count()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = tensor.dtype().read(tensor.data(), i);
    }
    return numbers;
  }

  /** A random model without a tokenizer, its matrices stored as {@code stored} says by name. */
  public static GgufWriter of(RandomModel model, Function<String, Dtype> stored) {
    GgufWriter writer = metadata(model::number);
    ids(writer, (int) model.number("bos_token_id"), (int) model.number("eos_token_id"));
    for (String name : model.names()) {
      add(writer, name, stored.apply(name), model.shape(name), model.weight(name));
    }
    return writer;
  }

  /** The keys of the configuration, from the numbers of a config.json. */
  public static GgufWriter metadata(ToDoubleFunction<String> config) {
    GgufWriter writer = new GgufWriter().string("general.architecture", "gemma2");
    writer.string("general.name", "A Gemma for the tests");
    Map<String, String> whole =
        Map.of(
            "context_length", "max_position_embeddings",
            "embedding_length", "hidden_size",
            "block_count", "num_hidden_layers",
            "feed_forward_length", "intermediate_size",
            "attention.head_count", "num_attention_heads",
            "attention.head_count_kv", "num_key_value_heads",
            "attention.key_length", "head_dim",
            "attention.value_length", "head_dim",
            "attention.sliding_window", "sliding_window");
    whole.forEach((key, field) ->
        writer.number("gemma2." + key, GgufWriter.UINT32, config.applyAsDouble(field)));
    Map<String, String> broken =
        Map.of(
            "attention.layer_norm_rms_epsilon", "rms_norm_eps",
            "attn_logit_softcapping", "attn_logit_softcapping",
            "final_logit_softcapping", "final_logit_softcapping",
            "rope.freq_base", "rope_theta");
    broken.forEach((key, field) ->
        writer.number("gemma2." + key, GgufWriter.FLOAT32, config.applyAsDouble(field)));
    return writer;
  }

  private static void ids(GgufWriter writer, int bos, int eos) {
    writer.number("tokenizer.ggml.bos_token_id", GgufWriter.UINT32, bos);
    writer.number("tokenizer.ggml.eos_token_id", GgufWriter.UINT32, eos);
  }

  /**
   * The keys of the tokenizer.
   *
   * @param special pieces that a tokenizer_config.json calls special
   */
  public static void tokenizer(
      GgufWriter writer, List<SentencePieces.Scored> pieces, Set<String> special) {
    writer.string("tokenizer.ggml.model", "llama");
    writer.string("tokenizer.ggml.pre", "default");
    writer.strings(
        "tokenizer.ggml.tokens",
        pieces.stream()
            .map(piece -> piece.type() == 4 ? piece.text().replace('▁', ' ') : piece.text())
            .toList());
    writer.numbers(
        "tokenizer.ggml.scores",
        GgufWriter.FLOAT32,
        pieces.stream()
            .map(piece -> special.contains(piece.text()) ? -1000f : piece.score())
            .toList());
    writer.numbers(
        "tokenizer.ggml.token_type",
        GgufWriter.INT32,
        pieces.stream().map(piece -> special.contains(piece.text()) ? 3 : piece.type()).toList());
    writer.number("tokenizer.ggml.unknown_token_id", GgufWriter.UINT32, 3);
    writer.number("tokenizer.ggml.padding_token_id", GgufWriter.UINT32, 0);
    writer.number("tokenizer.ggml.add_bos_token", GgufWriter.BOOL, 1);
    writer.number("tokenizer.ggml.add_eos_token", GgufWriter.BOOL, 0);
    writer.number("tokenizer.ggml.add_space_prefix", GgufWriter.BOOL, 0);
  }

  /** Appends a tensor by the name it has in safetensors. */
  public static void add(
      GgufWriter writer, String name, Dtype dtype, List<Integer> shape, float[] numbers) {
    float[] stored = numbers.clone();
    Dtype as = dtype;
    if (name.endsWith("norm.weight")) {
      as = Dtype.F32;
      for (int i = 0; i < stored.length; i++) {
        stored[i] += 1f;
      }
    }
    writer.tensor(name(name), type(as), shape, SafetensorsWriter.encode(as, stored));
  }

  /** What ggml numbers a type. */
  public static int type(Dtype dtype) {
    return switch (dtype) {
      case F32 -> 0;
      case F16 -> 1;
      case Q4_0 -> 2;
      case Q8_0 -> 8;
      case Q4_K -> 12;
      case Q6_K -> 14;
      case BF16 -> 30;
    };
  }

  /** What a tensor is called in GGUF. */
  public static String name(String name) {
    return name.replace("model.embed_tokens.", "token_embd.")
        .replace("model.norm.", "output_norm.")
        .replace("lm_head.", "output.")
        .replace("model.layers.", "blk.")
        .replace("input_layernorm", "attn_norm")
        .replace("post_attention_layernorm", "post_attention_norm")
        .replace("pre_feedforward_layernorm", "ffn_norm")
        .replace("post_feedforward_layernorm", "post_ffw_norm")
        .replace("self_attn.o_proj", "attn_output")
        .replaceAll("self_attn\\.(.)_proj", "attn_$1")
        .replaceAll("mlp\\.(.*)_proj", "ffn_$1");
  }
}
