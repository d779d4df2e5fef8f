package gemma2.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import gemma2.io.Checkpoint;
import gemma2.math.Dtype;
import gemma2.model.Config;
import gemma2.testing.RandomModel;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Counted by hand for three layers of width 22, 3 heads and 1 key-value head of 10, a feed-forward
 * of 37 and 300 words. The matrices of a layer: 30 x 22 + 10 x 22 + 10 x 22 + 22 x 30 + 3 x 37 x 22
 * = 4202 numbers; the head: 300 x 22 = 6600.
 */
class WorkTest {

  private static final int LAYER = 4202;
  private static final int HEAD = 6600;

  @TempDir Path folder;

  @Test
  void readsEveryMatrixOnceAToken() {
    Work work = work(new RandomModel());
    assertEquals(4 * (3 * LAYER + HEAD), work.bytesPerToken());
    assertEquals("f32", work.dtypes());
    assertEquals(3 * 7 + 1, work.weights().size());
  }

  @Test
  void readsHalfAsMuchInBf16AndAHeadOfItsOwn() {
    RandomModel untied = new RandomModel().with("tie_word_embeddings", false).stored(Dtype.BF16);
    Work work = work(untied);
    assertEquals(2 * (3 * LAYER + HEAD), work.bytesPerToken());
    assertEquals("bf16", work.dtypes());
  }

  @Test
  void multipliesEveryPositionButTheHeadOnce() {
    assertEquals(2 * (7 * 3 * LAYER + HEAD), work(new RandomModel()).productFlops(7));
  }

  @Test
  void countsTheFirstLayersAlone() {
    new RandomModel().write(folder);
    Work work = Work.of(Config.read(folder).withLayers(1), Checkpoint.open(folder));
    assertEquals(4 * (LAYER + HEAD), work.bytesPerToken());
    assertEquals(2 * (7 * LAYER + HEAD), work.productFlops(7));
  }

  /**
   * A window of 5 and 7 positions: the two sliding layers see 1 + 2 + 3 + 4 + 5 + 5 + 5 = 25 keys,
   * the full one 28. Each key takes 2 x 10 operations a head in the scores, and 2 x 10 in the sum.
   */
  @Test
  void countsAttentionByTheKeysSeen() {
    assertEquals((25 + 28 + 25) * 3 * 40, work(new RandomModel()).attentionFlops(7));
  }

  private Work work(RandomModel model) {
    model.write(folder);
    return Work.of(Config.read(folder), Checkpoint.open(folder));
  }
}
