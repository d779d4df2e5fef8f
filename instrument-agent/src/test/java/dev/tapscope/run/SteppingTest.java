package dev.tapscope.run;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.folder.NoFolder;
import dev.tapscope.profile.Profile;
import dev.tapscope.tap.Activation;
import dev.tapscope.tap.Phase;
import dev.tapscope.tap.Run;
import dev.tapscope.tap.Steps;
import dev.tapscope.tap.TapscopeException;
import dev.tapscope.testing.ModelThread;
import dev.tapscope.testing.TinyProfile;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a loop over a pass must survive: its body, its threads, its end. */
@Timeout(60)
class SteppingTest {
  private static final Profile PROFILE = TinyProfile.profile();

  /** What hangs is unwound by this, much sooner than hooks are waited for. */
  private static final Duration SOON = Duration.ofSeconds(10);

  private final Runs runs = new Runs(PROFILE, new PrintStream(OutputStream.nullOutputStream()));

  private Run open() {
    return runs.open(new NoFolder());
  }

  private float[][] forward() {
    ModelThread model = new ModelThread(runs, PROFILE);
    float[][] x = new float[1][2];
    model.pass(
        0,
        new int[1],
        () -> {
          for (int layer = 0; layer < 3; layer++) {
            model.fire("res", layer, 0, x);
          }
        });
    return x;
  }

  @Test
  void theBodyMayRunTheModel() {
    List<Float> after = new ArrayList<>();
    assertTimeoutPreemptively(
        SOON,
        () -> {
          try (Run run = open();
              Steps<float[][]> steps = run.steps("res.*", this::forward)) {
            run.on("res.2", Phase.READ_BEFORE, a -> after.add(a.copy()[0][0]));
            for (Activation a : steps) {
              assertArrayEquals(new float[1][2], forward());
              a.set(new float[][] {{7, 7}});
            }
            assertArrayEquals(new float[][] {{7, 7}}, steps.result().orElseThrow());
          }
        });
    assertEquals(List.of(0f, 0f, 7f, 0f), after); // the body's passes have the other hooks
  }

  @Test
  void aModelInterruptedWhileItWaitsFailsTheLoop() {
    List<Thread> models = new ArrayList<>();
    assertTimeoutPreemptively(
        SOON,
        () -> {
          Run run = open();
          Steps<float[][]> steps =
              run.steps(
                  "res.*",
                  () -> {
                    models.add(Thread.currentThread());
                    return forward();
                  });
          Iterator<Activation> iterator = steps.iterator();
          Activation shown = iterator.next();
          models.get(0).interrupt();
          while (valid(shown)) {
            Thread.onSpinWait();
          }
          TapscopeException told = assertThrows(TapscopeException.class, () -> exhaust(iterator));
          assertEquals("steps-interrupted", told.id());
          steps.close();
          assertThrows(TapscopeException.class, run::close);
        });
  }

  private static boolean valid(Activation activation) {
    try {
      return activation.rows() == 1;
    } catch (IllegalStateException over) {
      return false;
    }
  }

  private static void exhaust(Iterator<Activation> iterator) {
    while (iterator.hasNext()) {
      iterator.next();
    }
  }

  @Test
  void aRunClosedBeforeItsLoopEndsTheLoop() {
    assertTimeoutPreemptively(
        SOON,
        () -> {
          Run run = open();
          Steps<float[][]> steps = run.steps("res.*", this::forward);
          Iterator<Activation> iterator = steps.iterator();
          iterator.next();
          TapscopeException told = assertThrows(TapscopeException.class, run::close);
          assertEquals("site-never-fired", told.id()); // no pass has come to its end
          assertThrows(IllegalStateException.class, iterator::hasNext);
          steps.close();
        });
    assertEquals(0, stepThreads());
  }

  @Test
  void aLoopWhoseThreadWasInterruptedCanOnlyBeClosed() {
    assertTimeoutPreemptively(
        SOON,
        () -> {
          try (Run run = open();
              Steps<float[][]> steps = run.steps("res.*", this::forward)) {
            Iterator<Activation> iterator = steps.iterator();
            iterator.next();
            Thread.currentThread().interrupt();
            assertThrows(CompletionException.class, iterator::hasNext);
            assertTrue(Thread.interrupted());
            assertFalse(iterator.hasNext());
          }
        });
    assertEquals(0, stepThreads());
  }

  @Test
  void aForgottenLoopEndsItsModel() throws Exception {
    Run run = open();
    WeakReference<Steps<float[][]>> forgotten = new WeakReference<>(begin(run));
    for (int i = 0; i < 200 && (forgotten.get() != null || stepThreads() > 0); i++) {
      System.gc();
      Thread.sleep(20);
    }
    assertEquals(0, stepThreads());
    run.close();
  }

  private Steps<float[][]> begin(Run run) {
    Steps<float[][]> steps = run.steps("res.*", this::forward);
    steps.iterator().next();
    return steps;
  }

  private static long stepThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().equals("tapscope-steps"))
        .count();
  }
}
