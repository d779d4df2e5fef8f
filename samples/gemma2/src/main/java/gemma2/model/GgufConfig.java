package gemma2.model;

import gemma2.io.Fields;
import gemma2.io.Gguf;
import gemma2.io.InputException;
import gemma2.io.Json;
import gemma2.io.Tensor;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Reads a Gemma 2's configuration from the metadata of a GGUF file. Keys that are missing mean what
 * llama.cpp takes them for.
 */
final class GgufConfig {

  private static final String EMBEDDING = "token_embd.weight";

  /** There is no key for the query scale: llama.cpp, too, knows the 27B by its layers. */
  private static final int LAYERS_OF_27B = 46;

  private final Fields metadata;
  private final List<Tensor> tensors;
  private final int hiddenSize;
  private final int heads;

  private GgufConfig(Gguf gguf) {
    this.metadata = gguf.metadata();
    refuseOtherModels();
    this.tensors = gguf.tensors();
    this.hiddenSize = metadata.integer("gemma2.embedding_length", 1, Config.WIDEST);
    this.heads = metadata.integer("gemma2.attention.head_count", 1, Config.MOST_HEADS);
  }

  static Config read(Gguf gguf) {
    return new GgufConfig(gguf).config();
  }

  private Config config() {
    int layers = metadata.integer("gemma2.block_count", 1, Config.MOST_LAYERS);
    int vocabSize = vocabSize();
    int headDim = headDim();
    return new Config(
        vocabSize,
        hiddenSize,
        metadata.integer("gemma2.feed_forward_length", 1, Config.WIDEST),
        heads,
        kvHeads(),
        headDim,
        metadata.integer("gemma2.context_length", 1, Config.LONGEST),
        metadata.integer("gemma2.attention.sliding_window", 1, Config.LONGEST, 4096),
        Config.inTurns(layers),
        layers == LAYERS_OF_27B ? (double) hiddenSize / heads : headDim,
        Softcap.at(metadata.positive("gemma2.attn_logit_softcapping", 50)),
        Softcap.at(metadata.positive("gemma2.final_logit_softcapping", 30)),
        metadata.positive("gemma2.attention.layer_norm_rms_epsilon"),
        metadata.positive("gemma2.rope.freq_base", 10_000),
        tensors.stream().noneMatch(tensor -> tensor.name().equals("output.weight")),
        metadata.integer("tokenizer.ggml.bos_token_id", 0, vocabSize - 1),
        eos(vocabSize));
  }

  private void refuseOtherModels() {
    require("general.architecture", new Json.Str("gemma2"));
    requireWhereGiven("gemma2.attention.sliding_window_pattern", new Json.Num("2"));
    requireWhereGiven("gemma2.rope.scaling.type", new Json.Str("none"));
  }

  private void requireWhereGiven(String key, Json value) {
    if (metadata.find(key).isPresent()) {
      require(key, value);
    }
  }

  private void require(String key, Json value) {
    if (!metadata.get(key).equals(value)) {
      throw metadata.wrong(key, value.kind(), metadata.get(key));
    }
  }

  /** The rows of the embedding, of which some may have no token. */
  private int vocabSize() {
    List<Long> shape =
        tensors.stream()
            .filter(tensor -> tensor.name().equals(EMBEDDING))
            .findFirst()
            .orElseThrow(() ->
                new InputException(
                    "tensor-missing",
                    "%s: there is no tensor %s. Get the file again."
                        .formatted(metadata.source(), EMBEDDING)))
            .shape();
    if (shape.size() != 2 || shape.getFirst() > Config.LONGEST) {
      throw new InputException(
          "tensor-shape",
          "%s: tensor %s must have the shape [vocabulary, %d], but has %s."
              .formatted(metadata.source(), EMBEDDING, hiddenSize, shape));
    }
    return shape.getFirst().intValue();
  }

  private int kvHeads() {
    String key = "gemma2.attention.head_count_kv";
    int kvHeads = metadata.integer(key, 1, heads, heads);
    if (heads % kvHeads != 0) {
      throw metadata.wrong(
          key, "a divisor of the %d attention heads".formatted(heads), metadata.get(key));
    }
    return kvHeads;
  }

  private int headDim() {
    String key = "gemma2.attention.key_length";
    int headDim = metadata.integer(key, 2, 4096, hiddenSize / heads);
    for (String same : List.of("gemma2.attention.value_length", "gemma2.rope.dimension_count")) {
      if (metadata.integer(same, 2, 4096, headDim) != headDim) {
        throw metadata.wrong(
            same, "that of \"%s\", %d".formatted(key, headDim), metadata.get(same));
      }
    }
    if (headDim < 2 || headDim % 2 != 0) {
      throw metadata.wrong(
          key,
          "even, as halves of a head are rotated together",
          new Json.Num(String.valueOf(headDim)));
    }
    return headDim;
  }

  /**
   * The ends of a text and of a turn; that of a turn is known by its text where no key names it.
   */
  private Set<Integer> eos(int vocabSize) {
    Set<Integer> ends = new TreeSet<>();
    ends.add(metadata.integer("tokenizer.ggml.eos_token_id", 0, vocabSize - 1));
    if (metadata.find("tokenizer.ggml.eot_token_id").isPresent()) {
      ends.add(metadata.integer("tokenizer.ggml.eot_token_id", 0, vocabSize - 1));
    } else if (metadata.find("tokenizer.ggml.tokens").isPresent()) {
      int id = metadata.array("tokenizer.ggml.tokens").indexOf(new Json.Str("<end_of_turn>"));
      if (id >= 0) {
        ends.add(id);
      }
    }
    return ends;
  }
}
