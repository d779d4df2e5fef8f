package gemma2.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import org.junit.jupiter.api.Test;

class RmsNormTest {

  @Test
  void dividesByTheRootMeanSquareAndMultipliesByTheGain() {
    RmsNorm norm = new RmsNorm(new float[] {1, 2}, 12);
    // The mean of 1^2 and 5^2 is 13; with 12 below the root it is 5.
    assertArrayEquals(new float[] {0.2f, 2}, norm.apply(new float[][] {{1, 5}})[0], 1e-7f);
  }

  @Test
  void leavesItsInputAlone() {
    float[][] x = {{1, 5}};
    new RmsNorm(new float[] {1, 2}, 12).apply(x);
    assertArrayEquals(new float[][] {{1, 5}}, x);
  }
}
