package targets;

import java.util.ArrayList;
import java.util.List;

/**
 * A transformer of three small blocks with made-up weights: what an agent meets in a model, in a
 * file. {@link #main} prints the ids it generates and the exact bits of the logits.
 */
public final class TinyModel {
  static final int WIDTH = 8;
  static final int HEADS = 2;
  static final int VOCAB = 32;

  private final List<Block> blocks = new ArrayList<>();
  private final float[][] embedding = weights(VOCAB, WIDTH, 1);
  private final float[][] unembedding = weights(VOCAB, WIDTH, 2);

  public TinyModel(int layers) {
    for (int layer = 0; layer < layers; layer++) {
      blocks.add(new Block(layer));
    }
  }

  /** What has been computed of one text: the block inputs of every position. */
  public static final class Cache {
    final List<List<float[]>> inputs = new ArrayList<>();

    List<float[]> of(int layer) {
      while (inputs.size() <= layer) {
        inputs.add(new ArrayList<>());
      }
      return inputs.get(layer);
    }
  }

  /** Logits of the last position. An id beyond the vocabulary fails in the middle of the pass. */
  public float[] forward(int[] ids, int start, Cache cache) {
    float[][] x = new float[ids.length][];
    for (int i = 0; i < ids.length; i++) {
      x[i] = embedding[ids[i] % VOCAB].clone();
    }
    for (Block block : blocks) {
      x = block.forward(x, start, cache);
      check(ids);
    }
    int lastPosition = start + ids.length - 1;
    float[] logits = new float[VOCAB];
    for (int token = 0; token < VOCAB; token++) {
      logits[token] = dot(unembedding[token], x[ids.length - 1]);
    }
    return finish(logits, lastPosition);
  }

  /** A part of the model that no prompt reaches. */
  static float[][] neverCalled(float[][] x) {
    return x;
  }

  private static void check(int[] ids) {
    for (int id : ids) {
      if (id >= VOCAB) {
        throw new IllegalArgumentException("no token " + id);
      }
    }
  }

  private static float[] finish(float[] logits, int position) {
    return position < 0 ? new float[0] : logits;
  }

  /** Attention over all earlier positions, then a feed-forward layer, both on a residual stream. */
  static final class Block {
    private final int layer;
    private final Norm norm = new Norm();
    private final float[][] up;

    Block(int layer) {
      this.layer = layer;
      this.up = weights(WIDTH, WIDTH, 7 + layer);
    }

    float[][] forward(float[][] x, int start, Cache cache) {
      List<float[]> inputs = cache.of(layer);
      for (float[] row : x) {
        inputs.add(row.clone());
      }
      float[][][] pattern = pattern(x, start, inputs);
      float[][] mixed = mix(pattern, inputs);
      float[][] mid = add(x, mixed);
      float[][] normed = norm.apply(mid);
      float[][] mlp = multiply(normed, up);
      float[][] out = add(mid, mlp);
      return out;
    }

    private static float[][][] pattern(float[][] x, int start, List<float[]> inputs) {
      float[][][] pattern = new float[x.length][HEADS][];
      for (int i = 0; i < x.length; i++) {
        for (int head = 0; head < HEADS; head++) {
          float[] row = new float[start + i + 1];
          float sum = 0;
          for (int key = 0; key < row.length; key++) {
            row[key] = 1 + Math.abs(inputs.get(key)[head] * x[i][head]);
            sum += row[key];
          }
          for (int key = 0; key < row.length; key++) {
            row[key] /= sum;
          }
          pattern[i][head] = row;
        }
      }
      return pattern;
    }

    private static float[][] mix(float[][][] pattern, List<float[]> inputs) {
      float[][] mixed = new float[pattern.length][WIDTH];
      for (int i = 0; i < pattern.length; i++) {
        for (int j = 0; j < WIDTH; j++) {
          float[] row = pattern[i][j % HEADS];
          for (int key = 0; key < row.length; key++) {
            mixed[i][j] += row[key] * inputs.get(key)[j];
          }
        }
      }
      return mixed;
    }
  }

  /** RMSNorm. */
  static final class Norm {
    private final float eps = 1e-6f;
    private final float[] gain = weights(1, WIDTH, 99)[0];

    float[][] apply(float[][] x) {
      float[][] normed = new float[x.length][WIDTH];
      for (int i = 0; i < x.length; i++) {
        float scale = (float) (1 / Math.sqrt(dot(x[i], x[i]) / WIDTH + eps));
        for (int j = 0; j < WIDTH; j++) {
          normed[i][j] = x[i][j] * scale * gain[j];
        }
      }
      return normed;
    }
  }

  /** Chooses the likeliest token. */
  static final class Sampler {
    int next(float[] logits) {
      int best = 0;
      for (int i = 1; i < logits.length; i++) {
        best = logits[i] > logits[best] ? i : best;
      }
      return best;
    }
  }

  /** Words of the tokens. */
  public static final class Vocabulary {
    private final String prefix;

    public Vocabulary() {
      this("word");
    }

    Vocabulary(String prefix) {
      this.prefix = prefix;
    }

    String decode(int id) {
      return " " + prefix + id;
    }
  }

  /**
   * {@code prompt=1,2,3 n=4 threads=1 forever=false}: generates, and prints the ids and a checksum
   * of all logits.
   */
  public static void main(String[] args) throws InterruptedException {
    String prompt = option(args, "prompt", "1,2,3");
    int n = Integer.parseInt(option(args, "n", "4"));
    int threads = Integer.parseInt(option(args, "threads", "1"));
    boolean forever = Boolean.parseBoolean(option(args, "forever", "false"));
    System.out.println("java " + System.getProperty("java.specification.version"));
    Vocabulary vocabulary = new Vocabulary();
    TinyModel model = new TinyModel(3);
    List<Thread> running = new ArrayList<>();
    for (int t = 0; t < threads; t++) {
      Thread thread =
          new Thread(() -> {
            do {
              System.out.println(model.generate(ids(prompt), n, vocabulary));
            } while (forever);
          });
      thread.start();
      running.add(thread);
    }
    for (Thread thread : running) {
      thread.join();
    }
  }

  String generate(int[] prompt, int n, Vocabulary vocabulary) {
    Cache cache = new Cache();
    Sampler sampler = new Sampler();
    StringBuilder text = new StringBuilder();
    long checksum = 17;
    int[] ids = prompt;
    int position = 0;
    for (int i = 0; i <= n; i++) {
      float[] logits = forward(ids, position, cache);
      for (float logit : logits) {
        checksum = 31 * checksum + Float.floatToRawIntBits(logit);
      }
      position += ids.length;
      ids = new int[] {sampler.next(logits)};
      text.append(vocabulary.decode(ids[0]));
    }
    return "generated" + text + " checksum " + Long.toHexString(checksum);
  }

  private static int[] ids(String text) {
    String[] parts = text.split(",");
    int[] ids = new int[parts.length];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = Integer.parseInt(parts[i]);
    }
    return ids;
  }

  private static String option(String[] args, String key, String otherwise) {
    for (String arg : args) {
      if (arg.startsWith(key + "=")) {
        return arg.substring(key.length() + 1);
      }
    }
    return otherwise;
  }

  private static float[][] add(float[][] a, float[][] b) {
    float[][] sum = new float[a.length][WIDTH];
    for (int i = 0; i < a.length; i++) {
      for (int j = 0; j < WIDTH; j++) {
        sum[i][j] = a[i][j] + b[i][j];
      }
    }
    return sum;
  }

  private static float[][] multiply(float[][] x, float[][] rows) {
    float[][] product = new float[x.length][rows.length];
    for (int i = 0; i < x.length; i++) {
      for (int j = 0; j < rows.length; j++) {
        product[i][j] = dot(rows[j], x[i]);
      }
    }
    return product;
  }

  private static float dot(float[] a, float[] b) {
    float sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  /** Fixed weights between -1 and 1 that look like nothing. */
  private static float[][] weights(int rows, int columns, int seed) {
    float[][] weights = new float[rows][columns];
    int state = seed * 7919 + 1;
    for (float[] row : weights) {
      for (int j = 0; j < columns; j++) {
        state = state * 1103515245 + 12345;
        row[j] = (state >> 8 & 0xffff) / 32768f - 1;
      }
    }
    return weights;
  }
}
