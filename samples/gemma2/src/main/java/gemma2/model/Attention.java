package gemma2.model;

import gemma2.math.Kernels;
import gemma2.math.Rows;
import gemma2.math.Workers;

/**
 * Grouped-query attention over the cache. Attention weights are {@code [row][head][key]} with only
 * the keys the mask allows, in the order of their positions: of n keys of a row at position p, key
 * j stands at position {@code p - (n - 1) + j}, and the last is the row itself.
 */
final class Attention {

  final int layer;
  private final int heads;
  private final int headsPerKv;
  private final int headDim;

  /** Keys a row sees at most, itself included. */
  private final int reach;

  private final float scale;
  private final Softcap cap;
  private final Rope rope;
  private final Linear queries;
  private final Linear keys;
  private final Linear values;
  private final Linear outputs;
  private final Kernels kernels;
  private final Workers workers;

  Attention(
      int layer,
      Config config,
      Rope rope,
      Linear queries,
      Linear keys,
      Linear values,
      Linear outputs,
      Kernels kernels,
      Workers workers) {
    this.layer = layer;
    this.heads = config.heads();
    this.headsPerKv = config.heads() / config.kvHeads();
    this.headDim = config.headDim();
    this.reach = config.sliding().get(layer) ? config.window() : config.contextLength();
    this.scale = (float) (1 / Math.sqrt(config.queryScalar()));
    this.cap = config.attentionCap();
    this.rope = rope;
    this.queries = queries;
    this.keys = keys;
    this.values = values;
    this.outputs = outputs;
    this.kernels = kernels;
    this.workers = workers;
  }

  /** The heads' outputs side by side, before the output matrix. */
  float[][] heads(float[][] attnIn, int start, KvCache cache) {
    float[][] q = rope.rotate(queries.apply(attnIn), start);
    float[][] k = rope.rotate(keys.apply(attnIn), start);
    float[][] v = values.apply(attnIn);
    cache.write(layer, start, k, v);
    float[][][] logits = compare(q, start, cache);
    float[][][] scores = capped(logits);
    float[][][] pattern = softmax(scores);
    float[][] z = weigh(pattern, start, cache);
    return z;
  }

  /** The output matrix. */
  float[][] output(float[][] att) {
    return outputs.apply(att);
  }

  /** The first position that a row at {@code position} sees. */
  private int firstSeen(int position) {
    return Math.max(0, position - reach + 1);
  }

  /** {@code q . k / sqrt(scalar)} for every key a row may see. */
  private float[][][] compare(float[][] q, int start, KvCache cache) {
    int first = firstSeen(start);
    float[][] seen = cache.keys(layer, first, start + q.length);
    float[][][] logits = new float[q.length][heads][];
    forEachHead(
        q.length,
        (row, head) -> {
          int from = firstSeen(start + row);
          float[] products = new float[start + row - from + 1];
          int kv = head / headsPerKv;
          kernels.dots(q[row], head * headDim, seen, from - first, kv * headDim, headDim, products);
          for (int j = 0; j < products.length; j++) {
            products[j] *= scale;
          }
          logits[row][head] = products;
        },
        seen.length);
    return logits;
  }

  private float[][][] capped(float[][][] logits) {
    float[][][] scores = new float[logits.length][heads][];
    forEachHead(
        logits.length,
        (row, head) -> {
          float[] from = logits[row][head];
          float[] to = new float[from.length];
          for (int j = 0; j < to.length; j++) {
            to[j] = cap.apply(from[j]);
          }
          scores[row][head] = to;
        },
        logits[0][0].length);
    return scores;
  }

  private float[][][] softmax(float[][][] scores) {
    float[][][] pattern = new float[scores.length][heads][];
    forEachHead(
        scores.length,
        (row, head) -> pattern[row][head] = probabilities(scores[row][head]),
        scores[0][0].length);
    return pattern;
  }

  private static float[] probabilities(float[] scores) {
    float max = Float.NEGATIVE_INFINITY;
    for (float score : scores) {
      max = Math.max(max, score);
    }
    double[] exponentials = new double[scores.length];
    double sum = 0;
    for (int j = 0; j < scores.length; j++) {
      exponentials[j] = Math.exp(scores[j] - max);
      sum += exponentials[j];
    }
    float[] probabilities = new float[scores.length];
    for (int j = 0; j < scores.length; j++) {
      probabilities[j] = (float) (exponentials[j] / sum);
    }
    return probabilities;
  }

  /** The values, weighted by the pattern. */
  private float[][] weigh(float[][][] pattern, int start, KvCache cache) {
    int first = firstSeen(start);
    float[][] seen = cache.values(layer, first, start + pattern.length);
    float[][] weighted = Rows.of(pattern.length, heads * headDim);
    forEachHead(
        pattern.length,
        (row, head) -> {
          int from = firstSeen(start + row);
          int kv = head / headsPerKv;
          kernels.blend(
              pattern[row][head],
              seen,
              from - first,
              kv * headDim,
              headDim,
              weighted[row],
              head * headDim);
        },
        seen.length);
    return weighted;
  }

  @FunctionalInterface
  private interface RowAndHead {
    void compute(int row, int head);
  }

  private void forEachHead(int rows, RowAndHead each, int keys) {
    workers.split(
        rows * heads,
        (long) keys * headDim,
        (from, to) -> {
          for (int i = from; i < to; i++) {
            each.compute(i / heads, i % heads);
          }
        });
  }
}
