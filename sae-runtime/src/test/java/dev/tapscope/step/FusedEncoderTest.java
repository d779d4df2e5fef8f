package dev.tapscope.step;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is kept of a batch, against sums in double; batches that are encoded in several parts. */
final class FusedEncoderTest {
  private static final int INPUTS = 45;
  private static final int FEATURES = 301;
  private static final float BANDWIDTH = 0.25f;

  /** What rounding may move from one side of the band's edge to the other. */
  private static final double ROUNDING = 1e-5;

  private final Random random = new Random(3);

  @ParameterizedTest
  @CsvSource({"1, false", "1024, true", "1025, false", "2300, true"})
  void whatIsNotBelowTheBandIsKeptInTheOrderOfTokens(int rows, boolean reluFirst) {
    float[] x = gaussians(rows * INPUTS);
    float[] offsets = gaussians(INPUTS);
    float[] weights = gaussians(FEATURES * INPUTS);
    float[] biases = gaussians(FEATURES);
    float[] thresholds = new float[FEATURES];
    for (int k = 0; k < FEATURES; k++) {
      thresholds[k] = 0.4f * random.nextFloat();
    }
    Gate gate = new Gate(thresholds, BANDWIDTH);
    Entries entries = new Entries(FEATURES);
    try (Arena arena = Arena.ofShared();
        Team team = new Team(2, PhaseClock.NONE);
        PackedRows packed = new PackedRows(team, INPUTS)) {
      packed.pack(MemorySegment.ofArray(x), rows, offsets);
      FusedEncoder encoder = new FusedEncoder(team, INPUTS, FEATURES);
      for (int i = 0; i < 2; i++) { // the second time, what the first has left must be gone
        encoder.encode(
            packed,
            MemorySegment.ofArray(weights),
            MemorySegment.ofArray(biases),
            gate,
            reluFirst,
            entries);
      }
    }
    long active = 0;
    for (int k = 0; k < FEATURES; k++) {
      Entries.Block block = entries.block(k / Entries.BLOCK);
      int next = block.start(k % Entries.BLOCK);
      int end = block.end(k % Entries.BLOCK);
      for (int t = 0; t < rows; t++) {
        double z = z(x, t, offsets, weights, k) + biases[k];
        z = reluFirst ? Math.max(0, z) : z;
        double edge = thresholds[k] - BANDWIDTH / 2;
        boolean kept = next < end && block.token(next) == t;
        if (kept) {
          assertEquals(z, block.z(next), ROUNDING);
          active += gate.active(k, block.z(next)) ? 1 : 0;
          next++;
        }
        boolean right = Math.abs(z - edge) < ROUNDING || kept == z > edge;
        assertTrue(right, "feature %d, token %d: %s at %s".formatted(k, t, z, edge));
      }
      assertEquals(end, next, "entries out of order");
    }
    assertEquals(active, entries.active());
    assertTrue(active > 0.1 * rows * FEATURES, "hardly anything is active");
  }

  private static double z(float[] x, int token, float[] offsets, float[] weights, int feature) {
    double sum = 0;
    for (int i = 0; i < INPUTS; i++) {
      sum += ((double) x[token * INPUTS + i] - offsets[i]) * (double) weights[feature * INPUTS + i];
    }
    return sum;
  }

  private float[] gaussians(int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) (random.nextGaussian() / Math.sqrt(INPUTS));
    }
    return values;
  }
}
