package gemma2.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gemma2.testing.RandomModel;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Layer 0 slides over five positions, layer 1 does not; the context has 64. */
class KvCacheTest {

  private static final int SLIDING = 0;
  private static final int FULL = 1;

  @TempDir static Path folder;
  private Config config;

  @BeforeEach
  void readConfig() {
    new RandomModel().writeConfig(folder);
    config = Config.read(folder);
  }

  @Test
  void keepsWhatAWindowCanSee() {
    KvCache cache = new KvCache(config, 3);
    for (int start = 0; start < 60; start += 3) {
      KvCache.Layer[] layers = append(cache, start, 3);
      assertHolds(layers[SLIDING], Math.max(0, start - 4), start + 3);
      assertHolds(layers[FULL], 0, start + 3);
    }
    assertEquals(60, cache.length());
  }

  @Test
  void forgetsWhatNoWindowCanSee() {
    KvCache cache = new KvCache(config, 3);
    KvCache.Layer[] layers = {};
    for (int start = 0; start < 12; start += 3) {
      layers = append(cache, start, 3);
    }
    KvCache.Layer sliding = layers[SLIDING];
    KvCache.Layer full = layers[FULL];
    // The ring holds window + chunk = 8 positions: 4 to 11.
    assertHolds(sliding, 4, 12);
    String message =
        assertThrows(IllegalArgumentException.class, () -> sliding.slot(3)).getMessage();
    assertTrue(message.contains("Position 3 is not in a cache that holds 4 to 11"), message);
    assertThrows(IllegalArgumentException.class, () -> full.slot(12));
  }

  @Test
  void takesMemoryForWhatIsExpected() {
    KvCache cache = new KvCache(config, 3, 40);
    KvCache.Layer[] layers = append(cache, 0, 3);
    assertEquals(8, layers[SLIDING].room());
    assertEquals(40, layers[FULL].room());
    float[][] keys = layers[FULL].keys;
    for (int start = 3; start < 39; start += 3) {
      append(cache, start, 3);
    }
    assertSame(keys, layers[FULL].keys);
    append(cache, 39, 3);
    assertHolds(layers[FULL], 0, 42);
  }

  @Test
  void copiesWhatItIsGiven() {
    KvCache cache = new KvCache(config, 1);
    float[][] rows = new float[1][config.kvWidth()];
    KvCache.Layer layer = cache.write(FULL, 0, rows, rows);
    rows[0][0] = 7;
    assertEquals(0, layer.keys[layer.slot(0)][0]);
  }

  @Test
  void refusesGapsInALayer() {
    KvCache cache = new KvCache(config, 4);
    cache.write(FULL, 0, rows(2), rows(2));
    String message =
        assertThrows(IllegalArgumentException.class, () -> cache.write(FULL, 3, rows(1), rows(1)))
            .getMessage();
    assertTrue(message.contains("Layer 1 continues at position 2, not at 3"), message);
    assertThrows(IllegalArgumentException.class, () -> new KvCache(config, 0));
  }

  private float[][] rows(int n) {
    return new float[n][config.kvWidth()];
  }

  private KvCache.Layer[] append(KvCache cache, int start, int count) {
    float[][] keys = new float[count][config.kvWidth()];
    float[][] values = new float[count][config.kvWidth()];
    for (int r = 0; r < count; r++) {
      Arrays.fill(keys[r], start + r);
      Arrays.fill(values[r], start + r + 0.5f);
    }
    KvCache.Layer[] layers = new KvCache.Layer[config.layers()];
    for (int layer = 0; layer < layers.length; layer++) {
      layers[layer] = cache.write(layer, start, keys, values);
    }
    return layers;
  }

  private void assertHolds(KvCache.Layer layer, int first, int end) {
    assertEquals(end, layer.length());
    for (int p = first; p < end; p++) {
      float[] wanted = new float[config.kvWidth()];
      Arrays.fill(wanted, p);
      assertArrayEquals(wanted, layer.keys[layer.slot(p)]);
      Arrays.fill(wanted, p + 0.5f);
      assertArrayEquals(wanted, layer.values[layer.slot(p)]);
    }
  }
}
