package gemma2.model;

import gemma2.math.Activations;
import gemma2.math.Kernels;
import gemma2.math.Workers;
import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * Grouped-query attention over the cache. Attention weights are {@code [row][head]} buffers with
 * only the keys the mask allows, in the order of their positions: of n keys of a row at position p,
 * key j stands at position {@code p - (n - 1) + j}, and the last is the row itself. They are
 * buffers because the number of keys grows with every token, and memory should not.
 */
final class Attention {

  /** About the multiplications that a tanh or an exponential is worth. */
  private static final long FUNCTION_WORK = 16;

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
  private final Workers.Part<float[][], KvCache.Layer, FloatBuffer[][]> compare;
  private final Workers.Part<Softcap, FloatBuffer[][], FloatBuffer[][]> capped;
  private final Workers.Part<Kernels, FloatBuffer[][], FloatBuffer[][]> softmax;
  private final Workers.Part<FloatBuffer[][], KvCache.Layer, float[][]> weigh;

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
    this.compare = this::compare;
    this.capped = this::capped;
    this.softmax = this::softmax;
    this.weigh = this::weigh;
  }

  /** The heads' outputs side by side, before the output matrix. */
  float[][] heads(float[][] attnIn, int start, KvCache cache, Activations own) {
    Rope.Turns turns = cache.turns(rope, start, attnIn.length);
    float[][] q = rope.rotate(queries.apply(attnIn, own), turns, own);
    float[][] k = rope.rotate(keys.apply(attnIn, own), turns, own);
    float[][] v = values.apply(attnIn, own);
    KvCache.Layer seen = cache.write(layer, start, k, v);
    FloatBuffer[][] logits = compare(q, seen, own);
    FloatBuffer[][] scores = capped(logits, own);
    FloatBuffer[][] pattern = softmax(scores, own);
    float[][] z = weigh(pattern, seen, own);
    return z;
  }

  /** The output matrix. */
  float[][] output(float[][] att, Activations own) {
    return outputs.apply(att, own);
  }

  /** {@code q . k / sqrt(scalar)} for every key a row may see. */
  private FloatBuffer[][] compare(float[][] q, KvCache.Layer seen, Activations own) {
    int start = seen.length() - q.length;
    int room = q.length == 1 ? Math.min(reach, seen.room()) : Math.min(reach, seen.length());
    FloatBuffer[][] logits = own.heads(q.length, heads, room);
    for (int row = 0; row < q.length; row++) {
      for (FloatBuffer products : logits[row]) {
        products.limit(Math.min(reach, start + row + 1));
      }
    }
    workers.split(q.length * heads, work(seen), compare, q, seen, logits);
    return logits;
  }

  /** Head by head, so that a head's keys stay in a cache of the processor for all rows. */
  private void compare(float[][] q, KvCache.Layer seen, FloatBuffer[][] logits, int from, int to) {
    int start = seen.length() - q.length;
    for (int i = from; i < to; i++) {
      int row = i % q.length;
      int head = i / q.length;
      FloatBuffer products = logits[row][head];
      int n = products.limit();
      int first = start + row - n + 1;
      int beforeTheRingCloses = Math.min(n, seen.untilTheRingCloses(first));
      int kv = head / headsPerKv * headDim;
      int at = head * headDim;
      float[] out = products.array();
      kernels.dots(
          q[row], at, seen.keys, seen.slot(first), kv, headDim, out, 0, beforeTheRingCloses);
      kernels.dots(
          q[row], at, seen.keys, 0, kv, headDim, out, beforeTheRingCloses, n - beforeTheRingCloses);
      for (int j = 0; j < n; j++) {
        out[j] *= scale;
      }
    }
  }

  private FloatBuffer[][] capped(FloatBuffer[][] logits, Activations own) {
    FloatBuffer[][] scores = like(logits, own);
    workers.split(logits.length * heads, functions(logits), capped, cap, logits, scores);
    return scores;
  }

  private void capped(
      Softcap to, FloatBuffer[][] logits, FloatBuffer[][] scores, int from, int end) {
    for (int i = from; i < end; i++) {
      FloatBuffer x = logits[i / heads][i % heads];
      FloatBuffer y = scores[i / heads][i % heads];
      to.apply(kernels, x.array(), first(x), y.array(), first(y), x.remaining());
    }
  }

  private FloatBuffer[][] softmax(FloatBuffer[][] scores, Activations own) {
    FloatBuffer[][] pattern = like(scores, own);
    workers.split(scores.length * heads, functions(scores), softmax, kernels, scores, pattern);
    return pattern;
  }

  private void softmax(
      Kernels by, FloatBuffer[][] scores, FloatBuffer[][] pattern, int from, int to) {
    for (int i = from; i < to; i++) {
      FloatBuffer x = scores[i / heads][i % heads];
      FloatBuffer y = pattern[i / heads][i % heads];
      by.softmax(x.array(), first(x), y.array(), first(y), x.remaining());
    }
  }

  /** The values, weighted by the pattern. */
  private float[][] weigh(FloatBuffer[][] pattern, KvCache.Layer seen, Activations own) {
    float[][] weighted = own.rows(pattern.length, heads * headDim);
    workers.split(pattern.length * heads, work(seen), weigh, pattern, seen, weighted);
    return weighted;
  }

  /** Head by head, as {@code compare} does it. */
  private void weigh(
      FloatBuffer[][] pattern, KvCache.Layer seen, float[][] weighted, int from, int to) {
    int start = seen.length() - pattern.length;
    for (int i = from; i < to; i++) {
      int row = i % pattern.length;
      int head = i / pattern.length;
      FloatBuffer weights = pattern[row][head];
      int n = weights.remaining();
      int first = start + row - n + 1;
      int beforeTheRingCloses = Math.min(n, seen.untilTheRingCloses(first));
      int kv = head / headsPerKv * headDim;
      float[] out = weighted[row];
      int at = head * headDim;
      Arrays.fill(out, at, at + headDim, 0);
      kernels.blend(
          weights.array(),
          first(weights),
          beforeTheRingCloses,
          seen.values,
          seen.slot(first),
          kv,
          headDim,
          out,
          at);
      kernels.blend(
          weights.array(),
          first(weights) + beforeTheRingCloses,
          n - beforeTheRingCloses,
          seen.values,
          0,
          kv,
          headDim,
          out,
          at);
    }
  }

  /** Buffers for as many keys as those have. */
  private FloatBuffer[][] like(FloatBuffer[][] those, Activations own) {
    int most = those[those.length - 1][0].remaining();
    int room = Math.max(most, those[0][0].capacity());
    FloatBuffer[][] these = own.heads(those.length, heads, room);
    for (int row = 0; row < those.length; row++) {
      for (int head = 0; head < heads; head++) {
        these[row][head].limit(those[row][head].remaining());
      }
    }
    return these;
  }

  /** Where in its array a buffer begins. */
  private static int first(FloatBuffer buffer) {
    return buffer.arrayOffset() + buffer.position();
  }

  private long work(KvCache.Layer seen) {
    return (long) Math.min(reach, seen.length()) * headDim;
  }

  private static long functions(FloatBuffer[][] of) {
    return FUNCTION_WORK * of[of.length - 1][0].remaining();
  }
}
