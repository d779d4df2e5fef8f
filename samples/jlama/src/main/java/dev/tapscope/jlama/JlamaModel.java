package dev.tapscope.jlama;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.github.tjake.jlama.model.AbstractModel;
import com.github.tjake.jlama.model.ModelSupport;
import com.github.tjake.jlama.safetensors.Config;
import com.github.tjake.jlama.safetensors.DType;
import com.github.tjake.jlama.safetensors.prompt.PromptContext;
import com.github.tjake.jlama.tensor.AbstractTensor;
import com.github.tjake.jlama.tensor.KvBufferCache;
import com.github.tjake.jlama.util.JsonSupport;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * A Gemma 2 on Jlama, in fp32, driven through Jlama's public methods alone. One thread at a time:
 * Jlama's layers keep buffers of their own.
 */
final class JlamaModel implements AutoCloseable {
  /** Jlama computes longer prompts in batches of this size and returns the last one alone. */
  private static final int BATCH = Integer.getInteger("jlama.max_batch_size", 256);

  private final AbstractModel model;
  private final KvBufferCache caches;
  private final ModelFolder folder;

  private JlamaModel(AbstractModel model, ModelFolder folder) {
    this.model = model;
    this.caches = new KvBufferCache(model);
    this.folder = folder;
  }

  /**
   * Loads a Hugging Face folder.
   *
   * @throws InputException when it is not one that Jlama can load
   */
  static JlamaModel open(Path path) {
    if (ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty()) {
      throw new InputException(
          "vector-missing",
          "Jlama needs Java's Vector API. Start java with --add-modules jdk.incubator.vector, or"
              + " use samples/jlama/bin/jlama.");
    }
    ModelFolder folder = ModelFolder.check(path);
    try {
      return new JlamaModel(ModelSupport.loadModel(path.toFile(), DType.F32, DType.F32), folder);
    } catch (RuntimeException e) {
      throw new InputException(
          "model-unreadable", "Jlama could not load " + path + ": " + root(e) + ".", e);
    }
  }

  private static Throwable root(Throwable e) {
    return e.getCause() == null ? e : root(e.getCause());
  }

  /** Where this model computes something other than Gemma 2 in fp32, one sentence each. */
  List<String> departures() {
    List<String> all = new ArrayList<>(folder.departures());
    DType stored = model.getWeights().getModelDType();
    if (stored != DType.F32) {
      all.add(
          "The weights are stored as "
              + stored
              + ", so Jlama rounds the inputs of its products to that; convert them to F32 for fp32"
              + " values.");
    }
    return all;
  }

  /** The ids of a text, BOS first. */
  int[] encode(String text) {
    return model.encodePrompt(PromptContext.of(text));
  }

  String decode(int[] ids) {
    return model.getTokenizer().decode(Arrays.stream(ids).asLongStream().toArray());
  }

  /**
   * Positions Jlama can compute: its rotation table is too short for the last ones when there are
   * several key-value heads.
   */
  int positions() {
    Config config = model.getConfig();
    return config.contextLength - 2 * (config.numberOfKeyValueHeads - 1);
  }

  /** Refuses a prompt that is empty, too long, or has ids outside the vocabulary. */
  void check(int[] ids) {
    if (ids.length == 0) {
      throw new InputException("prompt-empty", "The prompt has no token. Give at least one.");
    }
    if (ids.length > positions()) {
      throw new InputException(
          "prompt-long",
          "The prompt has %d tokens, and Jlama can compute %d positions of this model. Shorten it."
              .formatted(ids.length, positions()));
    }
    int vocabulary = model.getConfig().vocabularySize;
    for (int id : ids) {
      if (id < 0 || id >= vocabulary) {
        throw new InputException(
            "token-unknown",
            "The id %d is not in the vocabulary, whose ids are 0 to %d."
                .formatted(id, vocabulary - 1));
      }
    }
  }

  /** The likeliest continuation: {@code most} tokens, fewer at an end of text or of the context. */
  int[] generate(int[] prompt, int most, boolean ignoreEos) {
    int[] generated = new int[Math.min(most, positions() - prompt.length + 1)];
    int count = 0;
    try (KvBufferCache.KvBuffer cache = caches.getEphemeralKvBuffer();
        AbstractTensor<?, ?> logits = model.makeDenseTensor(model.getConfig().vocabularySize)) {
      AbstractTensor<?, ?> rows = model.batchForward(prompt, 0, cache);
      while (true) {
        int next = model.sample(rows.slice(rows.shape().first() - 1), 0, 0, logits);
        rows.close();
        generated[count++] = next;
        boolean over = !ignoreEos && model.getConfig().eosTokens.contains(next);
        if (over || count == generated.length) {
          break;
        }
        rows = model.forward(next, prompt.length + count - 1, cache, Optional.empty());
      }
    }
    return Arrays.copyOf(generated, count);
  }

  /** Minus the log-probability of each token but the first, in nats. */
  double[] losses(int[] ids) {
    if (ids.length < 2) {
      throw new InputException(
          "prompt-short", "A loss needs a token before it, and the prompt has one token alone.");
    }
    double[] losses = new double[ids.length - 1];
    List<AbstractTensor<?, ?>> batches = new ArrayList<>();
    try (KvBufferCache.KvBuffer cache = caches.getEphemeralKvBuffer();
        AbstractTensor<?, ?> logits = model.makeDenseTensor(model.getConfig().vocabularySize)) {
      for (int start = 0; start < ids.length; start += BATCH) {
        int[] batch = Arrays.copyOfRange(ids, start, Math.min(start + BATCH, ids.length));
        batches.add(model.batchForward(batch, start, cache));
      }
      for (int t = 0; t < losses.length; t++) {
        model.sample(batches.get(t / BATCH).slice(t % BATCH), 0, 0, logits);
        losses[t] = loss(logits, ids[t + 1]);
      }
    } finally {
      batches.forEach(AbstractTensor::close);
    }
    return losses;
  }

  /** Sampling at temperature 0 leaves the capped logits in their tensor. */
  private static double loss(AbstractTensor<?, ?> logits, int id) {
    int width = logits.shape().last();
    double max = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < width; i++) {
      max = Math.max(max, logits.get(0, i));
    }
    double sum = 0;
    for (int i = 0; i < width; i++) {
      sum += Math.exp(logits.get(0, i) - max);
    }
    return max + Math.log(sum) - logits.get(0, id);
  }

  /** A document as Jlama's own JSON library writes it. */
  static String json(Object document) {
    try {
      return JsonSupport.om.writeValueAsString(document);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    caches.close();
    model.close();
  }
}
