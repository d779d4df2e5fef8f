package dev.tapscope.run;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.folder.NoFolder;
import dev.tapscope.profile.Profile;
import dev.tapscope.tap.Activation;
import dev.tapscope.tap.Address;
import dev.tapscope.tap.Attachment;
import dev.tapscope.tap.FailurePolicy;
import dev.tapscope.tap.Phase;
import dev.tapscope.tap.Run;
import dev.tapscope.tap.Steps;
import dev.tapscope.tap.TapscopeException;
import dev.tapscope.testing.ModelThread;
import dev.tapscope.testing.TinyProfile;
import java.io.OutputStream;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Runs that Java code opens: whose pass is whose, loops, early ends, failures. */
@Timeout(60)
class OpenRunsTest {
  private static final Profile PROFILE = TinyProfile.profile();
  private static final int LAYERS = 3;

  private final Runs runs = new Runs(PROFILE, new PrintStream(OutputStream.nullOutputStream()));

  private Run open() {
    return runs.open(new NoFolder());
  }

  /** A pass of three layers, each of which adds 1; the layer that throws is 9 for none. */
  private float[][] forward(ModelThread model, int start, int rows, int failing) {
    float[][] x = new float[rows][2];
    int[] ids = new int[rows];
    List<float[][]> last = new ArrayList<>();
    model.pass(
        start,
        ids,
        () -> {
          float[][] now = x;
          for (int layer = 0; layer < LAYERS; layer++) {
            now = (float[][]) model.fire("resid_pre", layer, start, now);
            if (layer == failing) {
              throw new IllegalStateException("planted in the model");
            }
            for (float[] row : now) {
              row[0] += 1;
            }
            now = (float[][]) model.fire("res", layer, start, now);
          }
          last.add(now);
        });
    return last.get(0);
  }

  private float[][] forward(int rows) {
    return forward(new ModelThread(runs, PROFILE), 0, rows, 9);
  }

  private static void fail(Activation activation) {
    throw new IllegalStateException("planted");
  }

  @Test
  void aRunSeesThePassesOfItsThreadWhileItIsOpen() {
    List<Address> seen = new ArrayList<>();
    forward(1);
    try (Run run = open()) {
      run.on("res.*", Phase.READ_AFTER, a -> seen.add(a.address()));
      forward(1);
      assertEquals(
          Map.of(Address.of("res", 0), 1L, Address.of("res", 1), 1L, Address.of("res", 2), 1L),
          run.fires());
    }
    forward(1);
    assertEquals(List.of(Address.of("res", 0), Address.of("res", 1), Address.of("res", 2)), seen);
  }

  @Test
  void theInnermostRunHasThePassAndTheStandingOneWhatIsLeft() {
    List<String> seen = new ArrayList<>();
    TapRun standing = runs.stand(new NoFolder(), e -> seen.add(e.id()));
    standing.on("res.0", Phase.READ_AFTER, a -> seen.add("standing"));
    forward(1);
    try (Run outer = open()) {
      outer.on("res.0", Phase.READ_AFTER, a -> seen.add("outer"));
      forward(1);
      try (Run inner = open()) {
        inner.on("res.0", Phase.READ_AFTER, a -> seen.add("inner"));
        forward(1);
      }
      forward(1);
    }
    forward(1);
    assertEquals(List.of("standing", "outer", "inner", "outer", "standing"), seen);
    assertEquals(2, standing.ledger().passes());
  }

  @Test
  void runsClosedInAnyOrderLeaveNothingBehind() {
    List<String> seen = new ArrayList<>();
    Run first = open();
    first.on("res.0", Phase.READ_AFTER, a -> seen.add("first"));
    Run second = open();
    second.on("res.0", Phase.READ_AFTER, a -> seen.add("second"));
    forward(1);
    assertEquals(List.of("second"), seen);
    TapscopeException silent = assertThrows(TapscopeException.class, first::close);
    assertEquals("site-never-fired", silent.id());
    forward(1);
    second.close();
    forward(1);
    assertEquals(List.of("second", "second"), seen);
    assertFalse(runs.anyOpen());
  }

  @Test
  void twoRunsOnTwoThreadsDoNotSeeEachOther() throws Exception {
    CyclicBarrier together = new CyclicBarrier(2);
    List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
    Thread[] threads =
        IntStream.of(10, 20)
            .mapToObj(edit ->
                new Thread(() -> {
                  try (Run run = open()) {
                    run.on("res.1", Phase.REPLACE, a -> a.set(new float[][] {{edit, 0}}));
                    for (int i = 0; i < 200; i++) {
                      together.await();
                      assertArrayEquals(new float[][] {{edit + 1, 0}}, forward(1));
                    }
                  } catch (Throwable e) {
                    failures.add(e);
                  }
                }))
            .toArray(Thread[]::new);
    Arrays.stream(threads).forEach(Thread::start);
    for (Thread thread : threads) {
      thread.join();
    }
    assertEquals(List.of(), failures);
  }

  @Test
  void aFireOnAWorkerBelongsToTheOnePassUnderWay() {
    ModelThread model = new ModelThread(runs, PROFILE);
    AtomicInteger fires = new AtomicInteger();
    try (Run run = open()) {
      run.on("res.*", Phase.READ_AFTER, a -> fires.incrementAndGet());
      model.pass(
          0,
          new int[8],
          () ->
              IntStream.range(0, 8)
                  .parallel()
                  .forEach(row -> model.fire("res", 0, row, new float[1][2])));
      assertEquals(Map.of(Address.of("res", 0), 8L), run.fires());
    }
    assertEquals(8, fires.get());
  }

  @Test
  void aFireOnAWorkerThatMayWorkForTwoIsAnErrorOfTheRun() throws Exception {
    Run mine = open();
    mine.on("res.0", Phase.READ_AFTER, a -> {});
    ModelThread model = new ModelThread(runs, PROFILE);
    model.pass(
        0,
        new int[1],
        () -> {
          Thread other =
              new Thread(() -> {
                try (Run run = open()) {
                  run.onPassEnd(pass -> {});
                  new ModelThread(runs, PROFILE)
                      .pass(
                          0,
                          new int[1],
                          () -> {
                            Thread worker =
                                new Thread(() -> model.fire("res", 0, 0, new float[1][2]));
                            worker.start();
                            join(worker);
                          });
                }
              });
          other.start();
          join(other);
          model.fire("res", 0, 0, new float[1][2]);
        });
    TapscopeException ambiguous = assertThrows(TapscopeException.class, mine::close);
    assertEquals("site-outside-pass", ambiguous.id());
    assertTrue(ambiguous.getMessage().contains("'cache ...'"), ambiguous.getMessage());
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void attachmentsNestWithinARun() {
    List<String> seen = new ArrayList<>();
    try (Run run = open()) {
      run.on("res.0", Phase.READ_AFTER, a -> seen.add("outer"));
      try (Attachment inner = run.on("res.0", Phase.READ_AFTER, a -> seen.add("inner"))) {
        forward(1);
        inner.close();
      }
      forward(1);
    }
    assertEquals(List.of("outer", "inner", "outer"), seen);
  }

  @Test
  void whatIsTakenOffBeforeAPassIsNotMissed() {
    try (Run run = open()) {
      run.on("resid_pre.*", Phase.READ_AFTER, a -> {});
      run.on("mlp.0", Phase.READ_AFTER, a -> {}).close();
      forward(1);
    }
  }

  @Test
  void replacersRunByPriorityAndNeedDifferentOnes() {
    List<String> order = new ArrayList<>();
    try (Run run = open()) {
      run.on("res.0", Phase.REPLACE, 5, a -> order.add("five"));
      run.on("res.0", Phase.REPLACE, -1, a -> order.add("minus one"));
      run.on("res.1", Phase.REPLACE, 5, a -> order.add("elsewhere"));
      TapscopeException twice =
          assertThrows(TapscopeException.class, () -> run.on("res.*", Phase.REPLACE, 5, a -> {}));
      assertEquals("replace-twice", twice.id());
      forward(1);
    }
    assertEquals(List.of("minus one", "five", "elsewhere"), order);
  }

  @Test
  void anotherObjectTakesThePlaceOfTheModels() {
    float[][] other = {{100, 7}};
    List<Object> after = new ArrayList<>();
    try (Run run = open()) {
      run.on(
          "res.1",
          Phase.REPLACE,
          a -> {
            a.replace(other);
            a.write(0, new float[] {200, 7});
          });
      run.on("res.1", Phase.READ_AFTER, a -> after.add(a.tensor()));
      assertArrayEquals(new float[][] {{201, 7}}, forward(1));
    }
    assertSame(other, after.get(0));
  }

  @Test
  void whatAHookReplacedBeforeItThrewIsTakenBack() {
    Run run = open();
    run.onFailure(FailurePolicy.PASS_THROUGH);
    run.on(
        "res.1",
        Phase.REPLACE,
        a -> {
          a.write(0, new float[] {5, 5});
          a.replace(new float[][] {{6, 6}});
          a.write(0, new float[] {7, 7});
          throw new IllegalStateException("planted");
        });
    assertArrayEquals(new float[][] {{3, 0}}, forward(1));
    assertEquals("hook-failed", assertThrows(TapscopeException.class, run::close).id());
  }

  @Test
  void anObjectOfAnotherFormIsRefused() {
    try (Run run = open()) {
      run.on(
          "res.1",
          Phase.REPLACE,
          a -> {
            assertThrows(IllegalArgumentException.class, () -> a.replace(new float[2][2]));
            assertThrows(IllegalArgumentException.class, () -> a.replace(new float[1][3]));
            assertThrows(IllegalArgumentException.class, () -> a.replace(new float[2]));
          });
      forward(1);
    }
  }

  @Test
  void aHookThatThrowsReachesTheCallerAndTheRunRemembersIt() {
    Run run = open();
    run.on("res.1", Phase.READ_AFTER, OpenRunsTest::fail);
    TapscopeException thrown = assertThrows(TapscopeException.class, () -> forward(1));
    assertEquals("hook-failed", thrown.id());
    assertTrue(thrown.getMessage().contains("res.1"), thrown.getMessage());
    assertEquals("planted", thrown.getCause().getMessage());
    assertEquals("hook-failed", assertThrows(TapscopeException.class, run::close).id());
  }

  @Test
  void aHookThatThrowsOnAWorkerReachesTheCaller() {
    Run run = open();
    run.on(
        "res.0",
        Phase.READ_AFTER,
        a -> {
          if (a.position(0) == 5) {
            throw new IllegalStateException("planted");
          }
        });
    ModelThread model = new ModelThread(runs, PROFILE);
    Throwable thrown =
        assertThrows(
            Throwable.class,
            () ->
                model.pass(
                    0,
                    new int[8],
                    () ->
                        ForkJoinPool.commonPool()
                            .submit(() ->
                                IntStream.range(0, 8)
                                    .parallel()
                                    .forEach(row -> model.fire("res", 0, row, new float[1][2])))
                            .join()));
    Throwable cause = thrown;
    while (cause.getCause() != null && !(cause instanceof TapscopeException)) {
      cause = cause.getCause();
    }
    assertEquals("hook-failed", ((TapscopeException) cause).id());
    assertEquals("hook-failed", assertThrows(TapscopeException.class, run::close).id());
  }

  @Test
  void aHookMayBeTakenOffWhenItFails() {
    AtomicInteger calls = new AtomicInteger();
    Run run = open();
    run.onFailure(FailurePolicy.DETACH_HOOK);
    run.on(
        "res.*",
        Phase.READ_AFTER,
        a -> {
          calls.incrementAndGet();
          throw new IllegalStateException("planted");
        });
    forward(1);
    forward(1);
    assertEquals(1, calls.get());
    assertEquals("hook-failed", assertThrows(TapscopeException.class, run::close).id());
  }

  @Test
  void aModelThatSwallowsTheHooksExceptionDoesNotHideIt() {
    Run run = open();
    run.on("res.1", Phase.READ_AFTER, OpenRunsTest::fail);
    ModelThread model = new ModelThread(runs, PROFILE);
    model.pass(
        0,
        new int[1],
        () -> {
          try {
            model.fire("res", 1, 0, new float[1][2]);
          } catch (RuntimeException e) {
            assertTrue(e.getMessage().contains("res.1"));
          }
        });
    assertEquals("hook-failed", assertThrows(TapscopeException.class, run::close).id());
  }

  @Test
  void insideAHookTheTapsAreOffUnlessItOpensARunOfItsOwn() {
    List<String> seen = new ArrayList<>();
    try (Run run = open()) {
      run.on(
          "res.1",
          Phase.READ_AFTER,
          a -> {
            seen.add("hook");
            forward(1);
            try (Run nested = open()) {
              nested.on("res.0", Phase.READ_AFTER, b -> seen.add("nested"));
              forward(1);
            }
            forward(1);
          });
      forward(1);
      assertEquals(Map.of(Address.of("res", 1), 1L), run.fires());
    }
    assertEquals(List.of("hook", "nested"), seen);
  }

  @Test
  void aPassEndsWhenEverythingAskedForHasBeenSeen() throws Exception {
    List<String> seen = new ArrayList<>();
    try (Run run = open()) {
      run.on("res.0", Phase.READ_AFTER, a -> seen.add("0"));
      run.on("resid_pre.1", Phase.READ_AFTER, a -> seen.add("1"));
      run.stopWhenSeen();
      ModelThread model = new ModelThread(runs, PROFILE);
      assertEquals(Optional.empty(), run.call(() -> forward(model, 0, 2, 1)));
      assertEquals(Map.of(Address.of("res", 0), 1L, Address.of("resid_pre", 1), 1L), run.fires());
      TapscopeException dirty =
          assertThrows(TapscopeException.class, () -> run.call(() -> forward(model, 2, 1, 9)));
      assertEquals("cache-half-written", dirty.id());
      assertEquals(Optional.empty(), run.call(() -> forward(model, 0, 1, 9)));
    } catch (TapscopeException e) {
      assertEquals("cache-half-written", e.id());
    }
    assertEquals(List.of("0", "1", "0", "1"), seen);
  }

  @Test
  void theFirstPassTellsHowManyLayersThereAre() throws Exception {
    try (Run run = open()) {
      run.on("resid_pre.*", Phase.READ_AFTER, a -> {});
      run.stopWhenSeen();
      ModelThread model = new ModelThread(runs, PROFILE);
      assertTrue(run.call(() -> forward(model, 0, 1, 9)).isPresent());
      assertEquals(Optional.empty(), run.call(() -> forward(model, 0, 1, 9)));
    }
  }

  @Test
  void anEarlyEndOnAWorkerIsStillThisRunsOwn() throws Exception {
    for (int i = 0; i < 200; i++) {
      try (Run run = open()) {
        run.on("res.0", Phase.READ_AFTER, a -> {});
        run.stopWhenSeen();
        ModelThread model = new ModelThread(runs, PROFILE);
        Optional<String> result =
            run.call(() -> {
              model.pass(
                  0,
                  new int[4],
                  () ->
                      IntStream.range(0, 4)
                          .parallel()
                          .forEach(row -> model.fire("res", 0, row, new float[1][2])));
              return "whole";
            });
        assertEquals(Optional.empty(), result);
      }
    }
  }

  @Test
  void aModelThatSwallowsTheEarlyEndIsToldOf() throws Exception {
    Run run = open();
    run.on("res.0", Phase.READ_AFTER, a -> {});
    run.stopWhenSeen();
    ModelThread model = new ModelThread(runs, PROFILE);
    Optional<String> result =
        run.call(() -> {
          model.pass(
              0,
              new int[1],
              () -> {
                try {
                  model.fire("res", 0, 0, new float[1][2]);
                } catch (Throwable e) {
                  assertTrue(e.getMessage().contains("not wanted"));
                }
              });
          return "whole";
        });
    assertEquals(Optional.of("whole"), result);
    assertEquals("stop-swallowed", assertThrows(TapscopeException.class, run::close).id());
  }

  private Steps<float[][]> steps(Run run, String sites, int failing) {
    ModelThread model = new ModelThread(runs, PROFILE);
    return run.steps(sites, () -> forward(model, 0, 1, failing));
  }

  @Test
  void aPassAsALoop() {
    List<String> seen = new ArrayList<>();
    try (Run run = open();
        Steps<float[][]> steps = steps(run, "resid_pre.*+res.*", 9)) {
      for (Activation a : steps) {
        seen.add(a.address() + " " + a.copy()[0][0]);
        if (a.address().equals(Address.of("res", 1))) {
          a.set(new float[][] {{50, 0}});
        }
      }
      assertArrayEquals(new float[][] {{51, 0}}, steps.result().orElseThrow());
    }
    assertEquals(
        List.of(
            "resid_pre.0 0.0",
            "res.0 1.0",
            "resid_pre.1 1.0",
            "res.1 2.0",
            "resid_pre.2 50.0",
            "res.2 51.0"),
        seen);
  }

  @Test
  void leavingTheLoopUnwindsTheModel() {
    AtomicInteger unwound = new AtomicInteger();
    ModelThread model = new ModelThread(runs, PROFILE);
    List<Activation> kept = new ArrayList<>();
    try (Run run = open();
        Steps<float[][]> steps =
            run.steps(
                "res.*",
                () -> {
                  try {
                    return forward(model, 0, 1, 9);
                  } finally {
                    unwound.incrementAndGet();
                  }
                })) {
      for (Activation a : steps) {
        kept.add(a);
        break;
      }
      steps.close();
      assertEquals(1, unwound.get());
      assertEquals(Optional.empty(), steps.result());
    }
    assertThrows(IllegalStateException.class, () -> kept.get(0).rows());
    assertEquals(0, stepThreads());
  }

  @Test
  void theModelsExceptionComesOutOfTheLoop() {
    Run run = open();
    Steps<float[][]> steps = steps(run, "res.*", 1);
    IllegalStateException thrown =
        assertThrows(IllegalStateException.class, () -> steps.forEach(a -> {}));
    assertEquals("planted in the model", thrown.getMessage());
    steps.close();
    Steps<Object> checked =
        run.steps(
            "res.*",
            () -> {
              throw new java.io.IOException("planted");
            });
    assertEquals(
        "planted",
        assertThrows(CompletionException.class, () -> checked.forEach(a -> {}))
            .getCause()
            .getMessage());
    checked.close();
    assertEquals("pass-failed", assertThrows(TapscopeException.class, run::close).id());
  }

  @Test
  void aThousandRandomLoopsLeakNothing() {
    Random random = new Random(7);
    for (int i = 0; i < 1000; i++) {
      int steps = random.nextInt(8);
      boolean taken = random.nextBoolean();
      try (Run run = open();
          Steps<float[][]> pass = steps(run, "resid_pre.*+res.*", 9)) {
        int done = 0;
        if (taken) {
          for (Activation a : pass) {
            assertEquals(1, a.rows());
            if (done++ == steps) {
              break;
            }
          }
          assertEquals(Math.min(steps + 1, 2 * LAYERS), done);
        }
      } catch (TapscopeException e) {
        // A loop that was never begun has seen no pass.
        assertFalse(taken, e.getMessage());
      }
    }
    assertEquals(0, stepThreads());
    assertFalse(runs.anyOpen());
    assertFalse(runs.observes(PROFILE.place("tokens").orElseThrow()));
  }

  private static long stepThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().equals("tapscope-steps"))
        .count();
  }
}
