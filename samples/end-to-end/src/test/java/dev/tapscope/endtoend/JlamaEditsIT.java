package dev.tapscope.endtoend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Looking at Jlama changes nothing; changing it changes what comes after. */
class JlamaEditsIT {
  /**
   * Jlama adds up vectors in an order that changes when the second compiler takes over, and so
   * differs from run to run by itself; without that compiler every bit is decided.
   */
  @Test
  void lookingChangesNoBitOfTheLosses() {
    JvmRun score = JlamaRuns.score(24).jvm("-XX:TieredStopAtLevel=1");
    String untapped = score.run().ok().out();
    JvmRun tapped =
        score.agent(
            "profile=jlama-gemma2",
            "capture=" + JlamaRuns.everySite(),
            "out=" + Packaged.workFolder("jlama-score").resolve("run"));
    assertTrue(untapped.contains("\"mean_loss\""), untapped);
    assertEquals(untapped, tapped.run().ok().out());
  }

  /** Without the MLP's output the sum behind it is what it was before. */
  @Test
  void anEditIsWrittenIntoTheModelsOwnTensor() {
    CapturedRun run =
        JlamaRuns.capture(
            JlamaRuns.generate(24),
            "jlama-gemma2",
            "capture=resid_mid.1+mlp.1+res.1",
            "edit.1=zero mlp.1 @all+bos");
    assertArrayEquals(
        run.rows("resid_mid.1", 0).values(), run.rows("res.1", 0).values(), "res = resid_mid + 0");
    double[] mlp = run.rows("mlp.1", 0).values();
    assertEquals(256 * (24 + JlamaRuns.GENERATED - 1), mlp.length);
    assertTrue(Arrays.stream(mlp).allMatch(value -> value == 0));
  }

  @Test
  void saysThatTheVectorApiIsMissing() {
    JvmRun.Finished run = JlamaRuns.generate(24).plain().run();
    assertEquals(1, run.exit());
    assertTrue(
        run.err()
            .contains(
                "jlama: [vector-missing] Jlama needs Java's Vector API. Start java with"
                    + " --add-modules jdk.incubator.vector"),
        run::toString);
  }
}
