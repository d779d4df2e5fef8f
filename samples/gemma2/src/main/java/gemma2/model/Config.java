package gemma2.model;

import gemma2.io.Fields;
import gemma2.io.Gguf;
import gemma2.io.InputException;
import gemma2.io.Json;
import gemma2.io.TextFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * The shape and the constants of a Gemma 2 model, as its {@code config.json} or the metadata of its
 * GGUF file gives them.
 *
 * @param hiddenSize width of the residual stream
 * @param feedForwardSize width of the feed-forward layer
 * @param headDim width of one attention head; not hiddenSize / heads
 * @param contextLength most positions a sequence may have
 * @param window positions a sliding layer sees, the query's own included
 * @param sliding for each layer whether it slides
 * @param queryScalar attention scores are divided by its square root; not always headDim
 * @param attentionCap the soft cap of attention scores
 * @param logitCap the soft cap of the logits
 * @param tied whether the embedding is the output matrix too
 * @param bos id of the token every text begins with
 * @param eos ids that end a generation
 */
public record Config(
    int vocabSize,
    int hiddenSize,
    int feedForwardSize,
    int heads,
    int kvHeads,
    int headDim,
    int contextLength,
    int window,
    List<Boolean> sliding,
    double queryScalar,
    Softcap attentionCap,
    Softcap logitCap,
    double normEps,
    double ropeTheta,
    boolean tied,
    int bos,
    Set<Integer> eos) {

  /** More blocks than any model has. */
  public static final int MOST_LAYERS = 1024;

  /** More words than any vocabulary has. */
  public static final int LARGEST_VOCABULARY = 1 << 26;

  static final int MOST_HEADS = 4096;
  static final int WIDEST = 1 << 20;
  static final int LONGEST = 1 << 26;

  public Config {
    sliding = List.copyOf(sliding);
    eos = Set.copyOf(eos);
  }

  /** Number of blocks. */
  public int layers() {
    return sliding.size();
  }

  /**
   * The same model with its first {@code count} blocks alone, which the final norm and the head
   * follow.
   *
   * @throws IllegalArgumentException when it has fewer, or {@code count} is below one
   */
  public Config withLayers(int count) {
    if (count < 1 || count > layers()) {
      throw new IllegalArgumentException(
          "Of %d blocks, the first %d cannot be taken.".formatted(layers(), count));
    }
    return new Config(
        vocabSize,
        hiddenSize,
        feedForwardSize,
        heads,
        kvHeads,
        headDim,
        contextLength,
        window,
        sliding.subList(0, count),
        queryScalar,
        attentionCap,
        logitCap,
        normEps,
        ropeTheta,
        tied,
        bos,
        eos);
  }

  /** Width of a row of keys, or of values: all key-value heads. */
  public int kvWidth() {
    return kvHeads * headDim;
  }

  /**
   * Reads and checks the metadata of a GGUF file; or a folder's {@code config.json}, and {@code
   * generation_config.json} where there is one.
   */
  public static Config read(Path model) {
    return Gguf.find(model).map(GgufConfig::read).orElseGet(() -> readFolder(model));
  }

  private static Config readFolder(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw new InputException(
          "model-missing",
          "The model %s is not a folder that can be read, nor a file. Name a folder with"
                  .formatted(folder)
              + " config.json, or a GGUF file.");
    }
    Fields fields = fields(folder.resolve("config.json"));
    refuseOtherModels(fields);
    int layers = fields.integer("num_hidden_layers", 1, MOST_LAYERS);
    int vocabSize = fields.integer("vocab_size", 1, LARGEST_VOCABULARY);
    List<Boolean> sliding = sliding(fields, layers);
    return new Config(
        vocabSize,
        fields.integer("hidden_size", 1, WIDEST),
        fields.integer("intermediate_size", 1, WIDEST),
        fields.integer("num_attention_heads", 1, MOST_HEADS),
        kvHeads(fields),
        headDim(fields),
        fields.integer("max_position_embeddings", 1, LONGEST),
        sliding.contains(true) ? fields.integer("sliding_window", 1, LONGEST) : LONGEST,
        sliding,
        fields.positive("query_pre_attn_scalar"),
        softcap(fields, "attn_logit_softcapping"),
        softcap(fields, "final_logit_softcapping"),
        fields.positive("rms_norm_eps"),
        ropeTheta(fields),
        fields.flag("tie_word_embeddings", true),
        fields.integer("bos_token_id", 0, vocabSize - 1),
        eos(folder, fields, vocabSize));
  }

  private static Fields fields(Path file) {
    return Fields.of(file.toString(), Json.parse(file.toString(), TextFile.read(file)));
  }

  private static void refuseOtherModels(Fields fields) {
    if (!fields.string("model_type").equals("gemma2")) {
      throw fields.wrong("model_type", "\"gemma2\"", fields.get("model_type"));
    }
    String activation =
        fields.find("hidden_activation").isPresent() ? "hidden_activation" : "hidden_act";
    if (!fields.string(activation).equals("gelu_pytorch_tanh")) {
      throw fields.wrong(activation, "\"gelu_pytorch_tanh\"", fields.get(activation));
    }
    for (String unsupported : List.of("attention_bias", "use_bidirectional_attention")) {
      if (fields.flag(unsupported, false)) {
        throw fields.wrong(unsupported, "false", fields.get(unsupported));
      }
    }
    for (String unsupported : List.of("rope_scaling", "quantization_config")) {
      if (fields.find(unsupported).isPresent()) {
        throw fields.wrong(unsupported, "absent", fields.get(unsupported));
      }
    }
  }

  private static int kvHeads(Fields fields) {
    int heads = fields.integer("num_attention_heads", 1, MOST_HEADS);
    int kvHeads = fields.integer("num_key_value_heads", 1, heads);
    if (heads % kvHeads != 0) {
      throw fields.wrong(
          "num_key_value_heads",
          "a divisor of the %d attention heads".formatted(heads),
          fields.get("num_key_value_heads"));
    }
    return kvHeads;
  }

  private static int headDim(Fields fields) {
    int headDim = fields.integer("head_dim", 2, 4096);
    if (headDim % 2 != 0) {
      throw fields.wrong(
          "head_dim", "even, as its halves are rotated together", fields.get("head_dim"));
    }
    return headDim;
  }

  private static Softcap softcap(Fields fields, String name) {
    if (fields.names().contains(name) && fields.find(name).isEmpty()) {
      return Softcap.NONE;
    }
    return Softcap.at(fields.positive(name));
  }

  /** Layers slide in turns, the first one does; or as {@code layer_types} says. */
  private static List<Boolean> sliding(Fields fields, int layers) {
    if (fields.find("layer_types").isEmpty()) {
      return inTurns(layers);
    }
    List<Boolean> sliding = new ArrayList<>();
    for (Json type : fields.array("layer_types")) {
      sliding.add(
          switch (fields.asString("layer_types", type)) {
            case "sliding_attention" -> true;
            case "full_attention" -> false;
            default ->
                throw fields.wrong(
                    "layer_types", "of \"sliding_attention\" and \"full_attention\"", type);
          });
    }
    if (sliding.size() != layers) {
      throw fields.wrong(
          "layer_types",
          "one entry for each of the %d layers".formatted(layers),
          new Json.Num(String.valueOf(sliding.size())));
    }
    return sliding;
  }

  /** The first layer slides, the second does not. */
  static List<Boolean> inTurns(int layers) {
    return IntStream.range(0, layers).mapToObj(layer -> layer % 2 == 0).toList();
  }

  private static double ropeTheta(Fields fields) {
    if (fields.find("rope_parameters").isEmpty()) {
      return fields.positive("rope_theta");
    }
    Fields rope = fields.object("rope_parameters");
    if (rope.find("rope_type").isPresent() && !rope.string("rope_type").equals("default")) {
      throw rope.wrong("rope_type", "\"default\"", rope.get("rope_type"));
    }
    return rope.positive("rope_theta");
  }

  private static Set<Integer> eos(Path folder, Fields config, int vocabSize) {
    Path generation = folder.resolve("generation_config.json");
    if (Files.exists(generation)) {
      Fields fields = fields(generation);
      if (fields.find("eos_token_id").isPresent()) {
        return ids(fields, "eos_token_id", vocabSize);
      }
    }
    return ids(config, "eos_token_id", vocabSize);
  }

  private static Set<Integer> ids(Fields fields, String name, int vocabSize) {
    Json value = fields.get(name);
    List<Json> items = value instanceof Json.Arr(List<Json> many) ? many : List.of(value);
    return Set.copyOf(
        items.stream().map(id -> fields.asInteger(name, id, 0, vocabSize - 1)).toList());
  }
}
