package dev.tapscope.traps;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tapscope.junit.Tapped;
import dev.tapscope.tap.Activation;
import dev.tapscope.tap.Phase;
import dev.tapscope.tap.Run;
import dev.tapscope.testing.CountingAgent;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import targets.BusyModel;

/** Taps in a class that another agent rewrites, too. Run by {@link TrapsIT}, in both orders. */
@Tapped(profile = "busy.taps")
final class OtherAgentTraps {
  private static final int[] PROMPT = {1, 2, 3};
  private static final BusyModel MODEL = new BusyModel();
  private static final float[][] CLEAN = forward();

  /** Of a layer: forward, and for each of three rows the lambda and attend; scale and add twice. */
  private static final int ENTRIES = BusyModel.LAYERS * (1 + 3 * 2 + 2 + 2);

  private static float[][] forward() {
    return MODEL.forward(PROMPT, 0, new BusyModel.Cache());
  }

  @Test
  @Tapped(
      profile = "busy.taps",
      fires = {"resid_pre.0-2 1", "k.0-2 1", "res.0-2 1", "weights.0-2 3"})
  void bothSeeEverythingOnce() {
    int before = CountingAgent.entered();
    assertArrayEquals(CLEAN, forward());
    assertEquals(ENTRIES, CountingAgent.entered() - before);
  }

  /** The running frame keeps its code, and the rest of the pass meets the taps again. */
  @Test
  @Tapped(
      profile = "busy.taps",
      fires = {"resid_pre.0-2 2", "k.0-2 2", "res.0-2 2", "weights.0-2 6"})
  void theOtherAgentMayRewriteTheClassInTheMiddleOfAPass(Run run) {
    AtomicBoolean once = new AtomicBoolean();
    run.on(
        "resid_mid.1",
        Phase.READ_AFTER,
        a -> {
          if (once.compareAndSet(false, true)) {
            CountingAgent.again();
          }
        });
    assertArrayEquals(CLEAN, forward());
    int before = CountingAgent.entered();
    assertArrayEquals(CLEAN, forward());
    assertEquals(ENTRIES, CountingAgent.entered() - before);
  }

  @Test
  void switchingHooksRewritesNoClass(Run run) {
    int before = CountingAgent.transformed();
    for (int i = 0; i < 20; i++) {
      run.watch("resid_pre.*+k.*+res.1", Activation::copy).close();
      run.watch("weights.*", Activation::copy);
      assertArrayEquals(CLEAN, forward());
    }
    assertEquals(before, CountingAgent.transformed());
  }
}
