package dev.tapscope.census;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.rows.RowsOf;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Each relation holds where it was made to, and not where a little is wrong. */
class RelationsTest {
  private static final int LAYERS = 3;
  private static final int ROWS = 5;
  private static final int WIDTH = 12;

  private final Random random = new Random(11);

  /** Values by layer. */
  private static Tensor tensor(float[][]... layers) {
    Look[] looks = new Look[layers.length];
    for (int i = 0; i < layers.length; i++) {
      looks[i] = Look.at(RowsOf.value(layers[i]), true);
    }
    return new Tensor(List.of(), Optional.empty(), true, new Look[][] {looks}, 0);
  }

  private static Tensor attention(float[][][]... layers) {
    Look[] looks = new Look[layers.length];
    for (int i = 0; i < layers.length; i++) {
      looks[i] = Look.at(RowsOf.value(layers[i]), true);
    }
    return new Tensor(List.of(), Optional.empty(), true, new Look[][] {looks}, 0);
  }

  private float[][][] random(int width) {
    float[][][] values = new float[LAYERS][ROWS][width];
    for (float[][] layer : values) {
      for (float[] row : layer) {
        float length = 1 + random.nextFloat();
        for (int i = 0; i < width; i++) {
          row[i] = length * (float) random.nextGaussian();
        }
      }
    }
    return values;
  }

  private interface Element {
    float of(int layer, int row, int column);
  }

  private static float[][][] made(int width, Element element) {
    float[][][] values = new float[LAYERS][ROWS][width];
    for (int l = 0; l < LAYERS; l++) {
      for (int r = 0; r < ROWS; r++) {
        for (int c = 0; c < width; c++) {
          values[l][r][c] = element.of(l, r, c);
        }
      }
    }
    return values;
  }

  /** A copy in which one number of one layer is another by a hundredth of its row. */
  private static float[][][] spoiled(float[][][] values) {
    float[][][] copy = made(values[0][0].length, (l, r, c) -> values[l][r][c]);
    copy[1][ROWS - 1][0] += 0.01f + 0.02f * Math.abs(copy[1][ROWS - 1][0]);
    return copy;
  }

  @Test
  void theStreamIsWhatTheNextLayerIsGiven() {
    float[][][] in = random(WIDTH);
    float[][][] out = made(WIDTH, (l, r, c) -> l + 1 < LAYERS ? in[l + 1][r][c] : 7);
    assertTrue(Relations.chain(tensor(in), tensor(out)));
    assertFalse(Relations.chain(tensor(out), tensor(in)));
    assertFalse(Relations.chain(tensor(spoiled(in)), tensor(out)));
  }

  @Test
  void sumsAreSumsEverywhere() {
    float[][][] a = random(WIDTH);
    float[][][] b = random(WIDTH);
    float[][][] sum = made(WIDTH, (l, r, c) -> a[l][r][c] + b[l][r][c]);
    assertTrue(Relations.sum(tensor(sum), tensor(a), tensor(b)));
    assertFalse(Relations.sum(tensor(spoiled(sum)), tensor(a), tensor(b)));
    assertFalse(Relations.sum(tensor(a), tensor(sum), tensor(b)));
    float[][][] zero = made(WIDTH, (l, r, c) -> 0);
    assertFalse(Relations.sum(tensor(a), tensor(a), tensor(zero)), "nothing was added");
  }

  @Test
  void aNormHasOneGainForAllRowsOfALayer() {
    float[][][] x = random(WIDTH);
    float[][][] gain = random(WIDTH);
    UnaryOperator<float[]> lengths =
        row -> {
          double squares = 0;
          for (float value : row) {
            squares += value * value;
          }
          return new float[] {(float) Math.sqrt(squares / row.length)};
        };
    float[][][] normed =
        made(WIDTH, (l, r, c) -> x[l][r][c] / lengths.apply(x[l][r])[0] * gain[l][0][c]);
    assertTrue(Relations.norm(tensor(x), tensor(normed)));
    assertFalse(Relations.norm(tensor(normed), tensor(x)), "not the other way round");
    float[][][] scaled = made(WIDTH, (l, r, c) -> 3 * x[l][r][c]);
    assertFalse(Relations.norm(tensor(x), tensor(scaled)), "a scale keeps the lengths");
    float[][][] other =
        made(WIDTH, (l, r, c) -> x[l][r][c] / lengths.apply(x[l][r])[0] * gain[l][r % 2][c]);
    assertFalse(Relations.norm(tensor(x), tensor(other)), "two gains");
  }

  @Test
  void probabilitiesSumToOneAndComeFromScores() {
    float[][][][] scores = new float[LAYERS][ROWS][2][];
    float[][][][] pattern = new float[LAYERS][ROWS][2][];
    for (int l = 0; l < LAYERS; l++) {
      for (int r = 0; r < ROWS; r++) {
        for (int h = 0; h < 2; h++) {
          scores[l][r][h] = new float[r + 1];
          pattern[l][r][h] = new float[r + 1];
          double sum = 0;
          for (int k = 0; k <= r; k++) {
            scores[l][r][h][k] = (float) random.nextGaussian();
            sum += Math.exp(scores[l][r][h][k]);
          }
          for (int k = 0; k <= r; k++) {
            pattern[l][r][h][k] = (float) (Math.exp(scores[l][r][h][k]) / sum);
          }
        }
      }
    }
    assertTrue(Relations.probabilities(attention(pattern)));
    assertFalse(Relations.probabilities(attention(scores)));
    assertTrue(Relations.softmax(attention(pattern), attention(scores)));
    Tensor before = attention(pattern);
    pattern[1][ROWS - 1][1][0] += 0.01f;
    pattern[1][ROWS - 1][1][1] -= 0.01f;
    assertTrue(Relations.probabilities(attention(pattern)));
    assertFalse(Relations.softmax(attention(pattern), attention(scores)));
    assertTrue(Relations.softmax(before, attention(scores)), "a look is a copy");
  }

  @Test
  void aCapBendsEveryScoreAlike() {
    float[][][] raw = made(WIDTH, (l, r, c) -> 40 * (float) random.nextGaussian());
    float[][][] capped = made(WIDTH, (l, r, c) -> 30 * (float) Math.tanh(raw[l][r][c] / 30));
    assertTrue(Relations.softcap(tensor(capped), tensor(raw)));
    assertFalse(Relations.softcap(tensor(raw), tensor(raw)), "no cap at all");
    float[][][] two =
        made(
            WIDTH,
            (l, r, c) -> {
              float cap = r == 2 ? 20 : 30;
              return cap * (float) Math.tanh(raw[l][r][c] / cap);
            });
    assertFalse(Relations.softcap(tensor(two), tensor(raw)));
  }

  @Test
  void aGatedProductKnowsItsActivation() {
    float[][][] gate = random(WIDTH);
    float[][][] up = random(WIDTH);
    // Tanh form of GELU at 1: 0.841192 (Hendrycks and Gimpel, arXiv 1606.08415).
    gate[0][0][0] = 1;
    up[0][0][0] = 1;
    float[][][] gelu =
        made(
            WIDTH,
            (l, r, c) -> {
              double x = gate[l][r][c];
              double inner = 0.7978845608 * (x + 0.044715 * x * x * x);
              return (float) (0.5 * x * (1 + Math.tanh(inner)) * up[l][r][c]);
            });
    assertEquals(0.841192f, gelu[0][0][0], 1e-6f);
    float[][][] silu =
        made(
            WIDTH,
            (l, r, c) -> (float) (gate[l][r][c] / (1 + Math.exp(-gate[l][r][c])) * up[l][r][c]));
    float[][][] relu = made(WIDTH, (l, r, c) -> Math.max(0, gate[l][r][c]) * up[l][r][c]);
    assertTrue(Relations.product(tensor(gelu), tensor(gate), tensor(up)));
    assertTrue(Relations.product(tensor(silu), tensor(gate), tensor(up)));
    assertFalse(Relations.product(tensor(relu), tensor(gate), tensor(up)));
    assertFalse(Relations.product(tensor(gelu), tensor(up), tensor(gate)));
  }

  @Test
  void atTheFirstPositionAttentionGivesItsValueBack() {
    float[][][] v = random(4);
    // Two heads of two numbers share each of two values' heads: four heads in all.
    float[][][] z = made(8, (l, r, c) -> r == 0 ? v[l][0][c / 4 * 2 + c % 2] : 1);
    assertTrue(Relations.attends(tensor(z), tensor(v)));
    assertFalse(Relations.attends(tensor(spoiledFirst(z)), tensor(v)));
    assertFalse(Relations.attends(tensor(random(8)), tensor(v)));
  }

  @Test
  void atTheFirstPositionScoresAreProductsOfQueriesAndKeys() {
    float[][][] q = random(8);
    float[][][] k = random(4);
    float[][][][] scores = new float[LAYERS][ROWS][4][];
    for (int l = 0; l < LAYERS; l++) {
      for (int r = 0; r < ROWS; r++) {
        for (int h = 0; h < 4; h++) {
          scores[l][r][h] = new float[r + 1];
          int kv = h / 2;
          scores[l][r][h][0] =
              0.7f * (q[l][r][2 * h] * k[l][r][2 * kv] + q[l][r][2 * h + 1] * k[l][r][2 * kv + 1]);
        }
      }
    }
    assertTrue(Relations.compares(attention(scores), tensor(q), tensor(k)));
    assertFalse(Relations.compares(attention(scores), tensor(random(8)), tensor(k)));
    scores[2][0][3][0] *= 1.5f;
    scores[2][0][3][0] += 0.5f;
    assertFalse(Relations.compares(attention(scores), tensor(q), tensor(k)));
  }

  private static float[][][] spoiledFirst(float[][][] values) {
    float[][][] copy = made(values[0][0].length, (l, r, c) -> values[l][r][c]);
    copy[2][0][3] += 0.5f;
    return copy;
  }
}
