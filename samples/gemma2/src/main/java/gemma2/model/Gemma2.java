package gemma2.model;

import gemma2.math.Activations;
import java.util.Arrays;
import java.util.List;

/**
 * Gemma 2: tokens in, logits out. Immutable; any number of threads may run sequences over the same
 * model, each with a cache of its own.
 */
public final class Gemma2 {

  private final Config config;
  private final Embedding embedding;
  private final List<Block> blocks;
  private final RmsNorm finalNorm;
  private final Head head;

  Gemma2(Config config, Embedding embedding, List<Block> blocks, RmsNorm finalNorm, Head head) {
    this.config = config;
    this.embedding = embedding;
    this.blocks = List.copyOf(blocks);
    this.finalNorm = finalNorm;
    this.head = head;
  }

  /** The model's shape and constants. */
  public Config config() {
    return config;
  }

  /**
   * Runs tokens through every block and appends them to the cache.
   *
   * @param tokens ids, at least one and at most the cache's chunk
   * @param start position of the first of them: the cache's length
   * @param wanted how many of the last positions to compute logits for
   * @return logits, {@code [wanted][vocabulary]}, to be read before the next pass over this cache
   *     writes into the same rows
   * @throws IllegalArgumentException when the tokens do not continue the cached sequence, do not
   *     fit in the context, or are not in the vocabulary
   */
  public float[][] forward(int[] tokens, int start, KvCache cache, int wanted) {
    check(tokens, start, cache, wanted);
    Activations own = cache.activations();
    float[][] embedded = embedding.embed(tokens, own);
    float[][] stream = residual(embedded, start, cache);
    if (wanted == 0) {
      return new float[0][];
    }
    int firstWanted = start + tokens.length - wanted;
    float[][] last = lastRows(stream, firstWanted - start);
    float[][] normed = finalNorm.apply(last, own);
    float[][] logits = head.apply(normed, own);
    return logits;
  }

  private void check(int[] tokens, int start, KvCache cache, int wanted) {
    cache.checkNext(start, tokens.length);
    if (wanted < 0 || wanted > tokens.length) {
      throw new IllegalArgumentException(
          "Logits of %d positions were asked for, but %d are computed."
              .formatted(wanted, tokens.length));
    }
    for (int token : tokens) {
      if (token < 0 || token >= config.vocabSize()) {
        throw new IllegalArgumentException(
            "Token id %d is not in the vocabulary of %d.".formatted(token, config.vocabSize()));
      }
    }
  }

  /** The residual stream after the last block. */
  private float[][] residual(float[][] embedded, int start, KvCache cache) {
    float[][] stream = embedded;
    for (Block block : blocks) {
      stream = block.forward(stream, start, cache);
    }
    return stream;
  }

  private static float[][] lastRows(float[][] stream, int first) {
    return Arrays.copyOfRange(stream, first, stream.length);
  }
}
