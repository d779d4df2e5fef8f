package gemma2.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import gemma2.math.Activations;
import gemma2.math.PlainKernels;
import org.junit.jupiter.api.Test;

class RmsNormTest {

  @Test
  void dividesByTheRootMeanSquareAndMultipliesByTheGain() {
    // The mean of 1^2 and 5^2 is 13; with 12 below the root it is 5.
    assertArrayEquals(
        new float[] {0.2f, 2}, norm().apply(new float[][] {{1, 5}}, new Activations())[0], 1e-7f);
  }

  @Test
  void leavesItsInputAlone() {
    float[][] x = {{1, 5}};
    norm().apply(x, new Activations());
    assertArrayEquals(new float[][] {{1, 5}}, x);
  }

  private static RmsNorm norm() {
    return new RmsNorm(new float[] {1, 2}, 12, new PlainKernels());
  }
}
