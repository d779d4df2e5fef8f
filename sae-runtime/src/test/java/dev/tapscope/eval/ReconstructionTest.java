package dev.tapscope.eval;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.tapscope.kernel.Kernels;
import dev.tapscope.kernel.SaeWeights;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class ReconstructionTest {
  /** Feature 0 reads and writes the first axis, feature 1 the second; thresholds 1 and 2. */
  private static SaeWeights axes() {
    SaeWeights.Draft draft = new SaeWeights.Draft(2, 3, 2);
    draft.encoderColumn(0, new float[] {1, 0});
    draft.encoderColumn(1, new float[] {0, 1});
    draft.decoderRow(0, new float[] {1, 0});
    draft.decoderRow(1, new float[] {0, 1});
    draft.threshold()[0] = 1;
    draft.threshold()[1] = 2;
    draft.threshold()[2] = 1; // never: its encoder is 0
    draft.decoderBias()[0] = 0.5f;
    return draft.finish();
  }

  /**
   * Rows (4, 0), (2, 3), (0, 2), (2, -1), mean (2, 1); about it 4 + 1, 0 + 4, 4 + 1 and 0 + 4, 18
   * in all. Reconstructions (4.5, 0), (2.5, 3), (0.5, 0), since 2 is not above 2, and (2.5, 0);
   * squared errors 0.25, 0.25, 4.25, 1.25, 6 in all. Four features fire in four rows.
   */
  @Test
  void measuresFourRowsByHand() {
    Reconstruction reconstruction = new Reconstruction(axes(), Kernels.plain());
    for (float[] row : new float[][] {{4, 0}, {2, 3}, {0, 2}, {2, -1}}) {
      reconstruction.add(row, row);
    }
    ReconstructionScore score = reconstruction.score();
    assertEquals(4, score.tokens());
    assertEquals(1, score.l0());
    assertEquals(1.5, score.squaredError());
    assertEquals(6.0 / 18, score.fvu(), 1e-15);
    assertEquals(0.75, score.densities().of(0));
    assertEquals(0.25, score.densities().of(1));
    assertEquals(1, score.densities().dead());
    assertEquals(1, score.densities().denserThan(0.25));
  }

  /** What a transcoder leaves out is measured on the rows it writes. */
  @Test
  void comparesATranscoderWithItsOutputByHand() {
    Reconstruction reconstruction = new Reconstruction(axes(), Kernels.plain());
    reconstruction.add(new float[] {4, 0}, new float[] {5.5f, 0}); // reconstructed (4.5, 0)
    reconstruction.add(new float[] {2, 3}, new float[] {2.5f, 1}); // reconstructed (2.5, 3)
    // Errors 1 and 4; about the mean (4, 0.5): 2.25 + 0.25, twice.
    assertEquals(1, reconstruction.score().fvu(), 1e-15);
  }

  /** More rows than are held at a time, against sums in two passes. */
  @Test
  void manyRowsFarFromZeroKeepTheirDigits() {
    Random random = new Random(7);
    float[][] rows = new float[700][];
    double[] mean = new double[2];
    Reconstruction reconstruction = new Reconstruction(axes(), Kernels.plain());
    for (int r = 0; r < rows.length; r++) {
      rows[r] = new float[] {3000 + random.nextFloat(), -2000 + random.nextFloat()};
      reconstruction.add(rows[r], rows[r]);
      mean[0] += rows[r][0] / 700.0;
      mean[1] += rows[r][1] / 700.0;
    }
    double error = 0;
    double spread = 0;
    for (float[] row : rows) {
      // The first axis comes back with the bias 0.5 added, in float32; the second not at all.
      double first = (double) row[0] - (row[0] + 0.5f);
      error += first * first + (double) row[1] * row[1];
      spread += Math.pow(row[0] - mean[0], 2) + Math.pow(row[1] - mean[1], 2);
    }
    ReconstructionScore score = reconstruction.score();
    assertEquals(700, score.tokens());
    assertEquals(1, score.l0());
    assertEquals(1, error / spread / score.fvu(), 1e-9);
  }

  @Test
  void rowsOfAnotherWidthAreRefused() {
    Reconstruction reconstruction = new Reconstruction(axes(), Kernels.plain());
    float[] two = new float[2];
    assertThrows(IllegalArgumentException.class, () -> reconstruction.add(new float[3], two));
    assertThrows(IllegalStateException.class, reconstruction::score);
  }

  /** Half decades from 1e-6: 1 is in the last bin, 0.3 in it too (10^-0.5 = 0.316 is not below). */
  @Test
  void histogramByHand() {
    Densities densities = new Densities(new long[] {1000, 400, 300, 100, 1, 0, 0}, 1000);
    int[] wanted = new int[Densities.BINS];
    wanted[11] = 2; // 1 and 0.4: from 0.316
    wanted[10] = 2; // 0.3 and 0.1: from 0.1
    wanted[6] = 1; // 0.001: from 0.001
    assertArrayEquals(wanted, densities.histogram());
    assertEquals(2, densities.dead());
    assertEquals(0.1, Densities.lowerEdge(10), 1e-15);
    assertEquals(1, new Densities(new long[] {1}, 100_000_000).histogram()[0]);
  }

  @Test
  void lossesByHand() {
    LanguageLoss loss = new LanguageLoss(10, 0.5, 0.75, 2.5);
    assertEquals(0.25, loss.delta());
    assertEquals(0.875, loss.recovered());
  }

  /** Rows (1, 0), (0, 2), (3, 4), zeros and (0, 1): cosines 0.6, 1, 0.8, none and 1. */
  @Test
  void cosinesByHand() {
    SaeWeights.Draft draft = new SaeWeights.Draft(1, 5, 2);
    float[][] rows = {{1, 0}, {0, 2}, {3, 4}, {0, 0}, {0, 1}};
    for (int f = 0; f < rows.length; f++) {
      draft.decoderRow(f, rows[f]);
    }
    DecoderCosines cosines = DecoderCosines.of(draft.finish(), weights -> Kernels.plain());
    assertEquals(4, cosines.count());
    assertEquals(0.6, cosines.quantile(0), 1e-7);
    assertEquals(0.8, cosines.quantile(0.34), 1e-7);
    assertEquals(1, cosines.quantile(1), 1e-7);
    assertEquals(2, cosines.above(0.9));
  }

  /** Opposite rows are far apart: the sign counts. */
  @Test
  void oppositeDirectionsAreNotNear() {
    SaeWeights.Draft draft = new SaeWeights.Draft(1, 2, 2);
    draft.decoderRow(0, new float[] {1, 0});
    draft.decoderRow(1, new float[] {-1, 0});
    assertEquals(
        -1, DecoderCosines.of(draft.finish(), weights -> Kernels.plain()).quantile(1), 1e-7);
  }
}
