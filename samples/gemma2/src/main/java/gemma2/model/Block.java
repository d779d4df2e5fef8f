package gemma2.model;

import gemma2.math.Activations;

/** One transformer block. Every value of it has a name, and is never written again. */
final class Block {

  final int layer;
  final RmsNorm preAttentionNorm;
  final RmsNorm postAttentionNorm;
  final RmsNorm preFeedForwardNorm;
  final RmsNorm postFeedForwardNorm;
  private final Attention attention;
  private final FeedForward feedForward;

  Block(
      int layer,
      RmsNorm preAttentionNorm,
      Attention attention,
      RmsNorm postAttentionNorm,
      RmsNorm preFeedForwardNorm,
      FeedForward feedForward,
      RmsNorm postFeedForwardNorm) {
    this.layer = layer;
    this.preAttentionNorm = preAttentionNorm;
    this.attention = attention;
    this.postAttentionNorm = postAttentionNorm;
    this.preFeedForwardNorm = preFeedForwardNorm;
    this.feedForward = feedForward;
    this.postFeedForwardNorm = postFeedForwardNorm;
  }

  /** The residual stream after this block; rows stand at positions {@code start} and on. */
  float[][] forward(float[][] residPre, int start, KvCache cache) {
    Activations own = cache.activations(layer);
    float[][] attnIn = preAttentionNorm.apply(residPre, own);
    float[][] att = attention.heads(attnIn, start, cache, own);
    float[][] attnRaw = attention.output(att, own);
    float[][] attnOut = postAttentionNorm.apply(attnRaw, own);
    float[][] residMid = own.add(residPre, attnOut);
    float[][] mlpIn = preFeedForwardNorm.apply(residMid, own);
    float[][] mlpRaw = feedForward.apply(mlpIn, own);
    float[][] mlpOut = postFeedForwardNorm.apply(mlpRaw, own);
    float[][] residPost = own.add(residMid, mlpOut);
    return residPost;
  }
}
