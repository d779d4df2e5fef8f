package gemma2.model;

import gemma2.io.Checkpoint;
import gemma2.io.InputException;
import gemma2.math.Kernels;
import gemma2.math.Matrix;
import gemma2.math.Pass;
import gemma2.math.Workers;
import java.util.ArrayList;
import java.util.List;

/** Builds the model from a checkpoint, by the names Hugging Face gives the tensors. */
public final class ModelLoader {

  /** How weights are taken over. */
  public record Options(boolean checkWeights, boolean bf16EmbeddingScale) {

    /** Weights are searched for NaN and infinities, the embedding scale is sqrt(d) in fp32. */
    public static final Options DEFAULT = new Options(true, false);
  }

  private final Config config;
  private final Checkpoint checkpoint;
  private final Kernels kernels;
  private final Workers workers;
  private final Pass pass;
  private final Options options;

  private ModelLoader(
      Config config, Checkpoint checkpoint, Kernels kernels, Workers workers, Options options) {
    this.config = config;
    this.checkpoint = checkpoint;
    this.kernels = kernels;
    this.workers = workers;
    this.pass = new Pass(workers);
    this.options = options;
  }

  /**
   * The model, its matrices still in the mapped files.
   *
   * @throws InputException when a tensor is missing, has another shape, or holds a NaN
   */
  public static Gemma2 load(
      Config config, Checkpoint checkpoint, Kernels kernels, Workers workers, Options options) {
    return new ModelLoader(config, checkpoint, kernels, workers, options).model();
  }

  private Gemma2 model() {
    Matrix embedding = matrix("model.embed_tokens.weight", config.vocabSize(), config.hiddenSize());
    Rope rope = new Rope(config.headDim(), config.ropeTheta());
    List<Block> blocks = new ArrayList<>();
    for (int layer = 0; layer < config.layers(); layer++) {
      blocks.add(block(layer, rope));
    }
    Matrix output =
        config.tied()
            ? embedding
            : matrix("lm_head.weight", config.vocabSize(), config.hiddenSize());
    return new Gemma2(
        config,
        new Embedding(embedding, embeddingScale(config.hiddenSize(), options.bf16EmbeddingScale())),
        blocks,
        norm("model.norm.weight"),
        new Head(linear(output), config.logitCap(), kernels));
  }

  private Block block(int layer, Rope rope) {
    String prefix = "model.layers." + layer + ".";
    return new Block(
        layer,
        norm(prefix + "input_layernorm.weight"),
        attention(layer, prefix + "self_attn.", rope),
        norm(prefix + "post_attention_layernorm.weight"),
        norm(prefix + "pre_feedforward_layernorm.weight"),
        feedForward(layer, prefix + "mlp."),
        norm(prefix + "post_feedforward_layernorm.weight"));
  }

  private Attention attention(int layer, String prefix, Rope rope) {
    int width = config.heads() * config.headDim();
    return new Attention(
        layer,
        config,
        rope,
        linear(prefix + "q_proj.weight", width, config.hiddenSize()),
        linear(prefix + "k_proj.weight", config.kvWidth(), config.hiddenSize()),
        linear(prefix + "v_proj.weight", config.kvWidth(), config.hiddenSize()),
        linear(prefix + "o_proj.weight", config.hiddenSize(), width),
        kernels,
        workers);
  }

  private FeedForward feedForward(int layer, String prefix) {
    return new FeedForward(
        layer,
        linear(prefix + "gate_proj.weight", config.feedForwardSize(), config.hiddenSize()),
        linear(prefix + "up_proj.weight", config.feedForwardSize(), config.hiddenSize()),
        linear(prefix + "down_proj.weight", config.hiddenSize(), config.feedForwardSize()),
        kernels,
        workers);
  }

  /** {@code sqrt(d)} in fp32; rounded to bf16 as bf16 runs of other implementations have it. */
  static float embeddingScale(int hiddenSize, boolean bf16) {
    float scale = (float) Math.sqrt(hiddenSize);
    if (!bf16) {
      return scale;
    }
    int bits = Float.floatToIntBits(scale);
    int nearestEven = bits + 0x7FFF + ((bits >> 16) & 1);
    return Float.intBitsToFloat(nearestEven & 0xFFFF_0000);
  }

  private RmsNorm norm(String name) {
    Matrix stored = checked(name, checkpoint.vector(name, config.hiddenSize()));
    float[] gain = new float[config.hiddenSize()];
    stored.widen(0, gain, 0);
    for (int i = 0; i < gain.length && !checkpoint.format().holdsGains(); i++) {
      gain[i] = 1 + gain[i];
    }
    return new RmsNorm(gain, config.normEps(), kernels);
  }

  private Linear linear(String name, int rows, int columns) {
    return linear(matrix(name, rows, columns));
  }

  private Linear linear(Matrix weight) {
    return new Linear(weight, kernels, pass);
  }

  private Matrix matrix(String name, int rows, int columns) {
    return checked(name, checkpoint.matrix(name, rows, columns));
  }

  private Matrix checked(String name, Matrix weight) {
    if (options.checkWeights()) {
      weight
          .firstNonFinite()
          .ifPresent(index -> {
            throw new InputException(
                "weights-nonfinite",
                "Tensor %s holds a NaN or an infinity at row %d, column %d."
                        .formatted(
                            checkpoint.nameOf(name),
                            index / weight.columns(),
                            index % weight.columns())
                    + " Get the checkpoint again; nothing computed from it would mean"
                    + " anything.");
          });
    }
    return weight;
  }
}
