package gemma2.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import gemma2.math.Activations;
import gemma2.math.Dtype;
import gemma2.math.Matrix;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class EmbeddingTest {

  @Test
  void scalesTheRowOfEachToken() {
    MemorySegment data = MemorySegment.ofArray(new float[] {1, 2, 3, 4, 5, 6});
    Embedding embedding = new Embedding(new Matrix(data, Dtype.F32, 3, 2), 0.5f);
    assertArrayEquals(
        new float[][] {{2.5f, 3}, {0.5f, 1}, {2.5f, 3}},
        embedding.embed(new int[] {2, 0, 2}, new Activations()));
  }

  /** 9B's sqrt(3584) and 27B's sqrt(4608), in fp32 and as a bf16 run has them; 2B's is exact. */
  @Test
  void hasTheScalesOfTheReleasedModels() {
    assertEquals(48f, ModelLoader.embeddingScale(2304, false));
    assertEquals(48f, ModelLoader.embeddingScale(2304, true));
    assertEquals(59.8665f, ModelLoader.embeddingScale(3584, false), 1e-4f);
    assertEquals(59.75f, ModelLoader.embeddingScale(3584, true));
    assertEquals(67.8823f, ModelLoader.embeddingScale(4608, false), 1e-4f);
    assertEquals(68f, ModelLoader.embeddingScale(4608, true));
  }
}
