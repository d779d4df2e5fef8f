package gemma2.model;

import static gemma2.math.Rows.add;

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
    float[][] attnIn = preAttentionNorm.apply(residPre);
    float[][] att = attention.heads(attnIn, start, cache);
    float[][] attnRaw = attention.output(att);
    float[][] attnOut = postAttentionNorm.apply(attnRaw);
    float[][] residMid = add(residPre, attnOut);
    float[][] mlpIn = preFeedForwardNorm.apply(residMid);
    float[][] mlpRaw = feedForward.apply(mlpIn);
    float[][] mlpOut = postFeedForwardNorm.apply(mlpRaw);
    float[][] residPost = add(residMid, mlpOut);
    return residPost;
  }
}
