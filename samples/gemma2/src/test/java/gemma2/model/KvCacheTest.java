package gemma2.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gemma2.testing.RandomModel;
import java.nio.file.Path;
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
      append(cache, start, 3);
      int first = Math.max(0, start - 4);
      assertRows(first, start + 3, cache.keys(SLIDING, first, start + 3), 0);
      assertRows(first, start + 3, cache.values(SLIDING, first, start + 3), 0.5f);
      assertRows(0, start + 3, cache.keys(FULL, 0, start + 3), 0);
    }
    assertEquals(60, cache.length());
  }

  @Test
  void forgetsWhatNoWindowCanSee() {
    KvCache cache = new KvCache(config, 3);
    for (int start = 0; start < 12; start += 3) {
      append(cache, start, 3);
    }
    // The ring holds window + chunk = 8 positions: 4 to 11.
    assertRows(4, 12, cache.keys(SLIDING, 4, 12), 0);
    String message =
        assertThrows(IllegalArgumentException.class, () -> cache.keys(SLIDING, 3, 12)).getMessage();
    assertTrue(message.contains("not in a cache that holds 4 to 11"), message);
    assertThrows(IllegalArgumentException.class, () -> cache.keys(FULL, 0, 13));
  }

  @Test
  void copiesWhatItIsGiven() {
    KvCache cache = new KvCache(config, 1);
    float[][] rows = {{1}};
    cache.write(FULL, 0, rows, rows);
    assertNotSame(rows[0], cache.keys(FULL, 0, 1)[0]);
  }

  @Test
  void refusesGapsInALayer() {
    KvCache cache = new KvCache(config, 4);
    cache.write(FULL, 0, new float[2][1], new float[2][1]);
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> cache.write(FULL, 3, new float[1][1], new float[1][1]))
            .getMessage();
    assertTrue(message.contains("Layer 1 continues at position 2, not at 3"), message);
    assertThrows(IllegalArgumentException.class, () -> new KvCache(config, 0));
  }

  private void append(KvCache cache, int start, int count) {
    float[][] keys = new float[count][];
    float[][] values = new float[count][];
    for (int r = 0; r < count; r++) {
      keys[r] = new float[] {start + r};
      values[r] = new float[] {start + r + 0.5f};
    }
    for (int layer = 0; layer < config.layers(); layer++) {
      cache.write(layer, start, keys, values);
    }
  }

  private static void assertRows(int first, int end, float[][] rows, float offset) {
    assertEquals(end - first, rows.length);
    for (int p = first; p < end; p++) {
      assertArrayEquals(new float[] {p + offset}, rows[p - first]);
    }
  }
}
