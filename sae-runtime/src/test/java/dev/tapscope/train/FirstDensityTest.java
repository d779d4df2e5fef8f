package dev.tapscope.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** Rows of one number: columns of unit length are 1 or -1, each as often. */
class FirstDensityTest {
  private static final float[] ROWS = {2, 2, 2};

  private static FirstDensity of(String recipe, boolean normalise) {
    return FirstDensity.of(
        Recipe.of(Words.line("The test", "site=a width=9 " + recipe)), normalise, ROWS, 1);
  }

  @Test
  void countsWhatIsAboveTheThresholdAndItsBand() {
    assertEquals(0.5, of("threshold=0.5", true).active(), 0.1);
    assertEquals(0.5, of("threshold=0.5", true).kept(), 0.1);
    assertEquals(0, of("threshold=1.5", true).kept(), "scaled, rows are 1");
    assertEquals(0.5, of("threshold=1.5", false).active(), 0.1);
    assertEquals(0, of("threshold=1.5 bandwidth=1.5", true).active());
    assertEquals(0.5, of("threshold=1.5 bandwidth=1.5", true).kept(), 0.1, "1 is above 0.75");
  }

  @Test
  void theBiasAndTheReluComeFirst() {
    FirstDensity atTheMean = of("bias=mean threshold=0.01 bandwidth=0.03", true);
    assertEquals(0, atTheMean.active());
    assertEquals(1, atTheMean.kept(), "0 is above -0.005");
    assertEquals(1, of("relu-first=yes threshold=0.01 bandwidth=0.03", true).kept());
  }
}
