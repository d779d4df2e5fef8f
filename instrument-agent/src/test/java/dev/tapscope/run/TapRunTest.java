package dev.tapscope.run;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.folder.NoFolder;
import dev.tapscope.ledger.Problem;
import dev.tapscope.profile.Site;
import dev.tapscope.tap.Activation;
import dev.tapscope.tap.Pass;
import dev.tapscope.tap.Phase;
import dev.tapscope.tap.TapscopeException;
import dev.tapscope.testing.ModelThread;
import dev.tapscope.testing.TinyProfile;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TapRunTest {
  private final ByteArrayOutputStream told = new ByteArrayOutputStream();
  private final List<TapscopeException> fatal = Collections.synchronizedList(new ArrayList<>());
  private final Runs runs =
      new Runs(TinyProfile.profile(), new PrintStream(told, true, StandardCharsets.UTF_8));
  private final TapRun run = runs.stand(new NoFolder(), fatal::add);
  private final ModelThread model = new ModelThread(runs, TinyProfile.profile());
  private final List<String> log = new ArrayList<>();
  private List<String> expectedProblems = List.of();
  private int expectedFatal;

  @AfterEach
  void nothingElseFailed() {
    assertEquals(
        expectedProblems, run.finish().stream().map(Problem::id).toList(), told.toString());
    assertEquals(expectedFatal, fatal.size());
  }

  private static Site site(String name) {
    return TinyProfile.profile().sites().stream()
        .filter(s -> s.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private static float[] row(Activation activation, int row) {
    float[] into = new float[activation.width(row)];
    activation.read(row, into);
    return into;
  }

  @Test
  void hooksRunByPhaseThenAsAttached() {
    for (Phase phase : List.of(Phase.READ_AFTER, Phase.SPLICE, Phase.REPLACE, Phase.READ_BEFORE)) {
      run.on("res.1", phase, a -> log.add(phase + " first"));
    }
    run.on("res.0-2", Phase.SPLICE, a -> log.add("SPLICE second"));
    model.pass(0, new int[] {1, 2}, () -> model.fire("res", 1, 0, new float[2][4]));
    assertEquals(
        List.of(
            "READ_BEFORE first",
            "REPLACE first",
            "SPLICE first",
            "SPLICE second",
            "READ_AFTER first"),
        log);
  }

  @Test
  void aHookSeesTheRowsAndTheirPositions() {
    run.on(
        "hook_resid_post.1",
        Phase.READ_AFTER,
        a -> {
          log.add(a.address() + " " + a.rows() + " " + a.width(1) + " " + a.position(1));
          log.add(a.head(0) + " " + a.firstKey(0) + " " + a.pass().tokenAt(a.position(1)));
          assertArrayEquals(new float[] {3, 4}, row(a, 1));
        });
    model.pass(7, new int[] {5, 6}, () -> model.fire("res", 1, 7, new float[][] {{1, 2}, {3, 4}}));
    assertEquals(List.of("res.1 2 2 8", "-1 -1 6"), log);
  }

  @Test
  void attentionRowsKnowTheirHeadAndKeys() {
    run.on(
        "pattern.0",
        Phase.READ_AFTER,
        a -> {
          for (int i = 0; i < a.rows(); i++) {
            log.add(a.position(i) + "/" + a.head(i) + " keys " + a.firstKey(i) + "+" + a.width(i));
          }
        });
    // Position 6 sees keys 3 to 6, as behind a window of four.
    float[][][] value = {{new float[6], new float[6]}, {new float[4], new float[4]}};
    model.pass(5, new int[] {1, 2}, () -> model.fire("pattern", 0, 5, value));
    assertEquals(List.of("5/0 keys 0+6", "5/1 keys 0+6", "6/0 keys 3+4", "6/1 keys 3+4"), log);
  }

  @Test
  void keysInABufferAreThoseThatRemain() {
    run.on(
        "pattern.0",
        Phase.REPLACE,
        a -> {
          for (int i = 0; i < a.rows(); i++) {
            log.add(a.position(i) + "/" + a.head(i) + " keys " + a.firstKey(i) + "+" + a.width(i));
          }
          a.write(2, new float[] {30, 40});
        });
    float[] pool = {1, 2, 3, 4, 5, 6, 7, 8};
    FloatBuffer[][] value = {
      {FloatBuffer.wrap(pool, 0, 3), FloatBuffer.wrap(pool, 3, 3)},
      {FloatBuffer.wrap(pool, 2, 2), FloatBuffer.wrap(pool, 6, 2)}
    };
    model.pass(5, new int[] {1, 2}, () -> model.fire("pattern", 0, 5, value));
    assertEquals(List.of("5/0 keys 3+3", "5/1 keys 3+3", "6/0 keys 5+2", "6/1 keys 5+2"), log);
    assertArrayEquals(new float[] {1, 2, 30, 40, 5, 6, 7, 8}, pool);
  }

  /** The first head's row is put back, the second's is left as it lies. */
  @Test
  void aReadOnlyBufferIsNotChangedAndTheErrorSaysSo() {
    FloatBuffer open = FloatBuffer.wrap(new float[] {1, 2});
    FloatBuffer fixed = FloatBuffer.wrap(new float[] {3, 4}).asReadOnlyBuffer();
    run.on(
        "pattern.0",
        Phase.REPLACE,
        a -> {
          a.write(0, new float[] {9, 9});
          a.write(1, new float[] {9, 9});
        });
    run.on("pattern.0", Phase.READ_AFTER, a -> log.add("sees " + row(a, 0)[0] + row(a, 1)[0]));
    model.pass(
        1, new int[] {1}, () -> model.fire("pattern", 0, 1, new FloatBuffer[][] {{open, fixed}}));
    assertEquals(List.of("sees 1.03.0"), log);
    List<Problem> problems = run.finish();
    assertEquals(1, problems.size());
    assertTrue(
        problems
            .get(0)
            .sentence()
            .startsWith(
                "A hook at pattern.0 failed 1 time, first with java.lang.IllegalStateException: Row"
                    + " 1 of pattern.0 lies in a read-only buffer and cannot be changed there."),
        problems.get(0).sentence());
    expectedProblems = List.of("hook-failed");
  }

  @Test
  void aSiteWithoutPositionBeginsWithItsPass() {
    run.on("mlp.0", Phase.READ_AFTER, a -> log.add("at " + a.position(0)));
    model.pass(4, new int[] {1}, () -> model.fire("mlp", 0, new float[1][2]));
    assertEquals(List.of("at 4"), log);
  }

  @Test
  void whatIsWrittenIsTheModelsOwnAndIsSeenByLaterHooks() {
    float[][] value = {{1, 2}, {3, 4}};
    run.on("res.0", Phase.REPLACE, a -> a.write(1, new float[] {30, 40}));
    run.on("res.0", Phase.READ_BEFORE, a -> log.add("before " + row(a, 1)[0]));
    run.on("res.0", Phase.READ_AFTER, a -> log.add("after " + row(a, 1)[0]));
    model.pass(0, new int[] {1, 2}, () -> model.fire("res", 0, 0, value));
    assertArrayEquals(new float[][] {{1, 2}, {30, 40}}, value);
    assertEquals(List.of("before 3.0", "after 30.0"), log);
  }

  @ParameterizedTest
  @EnumSource(names = {"READ_BEFORE", "READ_AFTER"})
  void readersMayNotWrite(Phase phase) {
    float[][] value = {{1, 2}};
    run.on("res.0", phase, a -> a.write(0, new float[] {9, 9}));
    model.pass(0, new int[] {1}, () -> model.fire("res", 0, 0, value));
    assertArrayEquals(new float[][] {{1, 2}}, value);
    expectedProblems = List.of("hook-failed");
  }

  @Test
  void aHookThatThrowsLeavesTheValueAsItFoundIt() {
    float[][] value = {{1, 2}, {3, 4}};
    run.on("res.0", Phase.SPLICE, a -> a.write(0, new float[] {5, 6}));
    run.on(
        "res.0",
        Phase.SPLICE,
        a -> {
          a.write(0, new float[] {7, 8});
          a.write(0, new float[] {9, 9});
          a.write(1, new float[] {9, 9});
          throw new IllegalStateException("planted");
        });
    run.on("res.0", Phase.READ_AFTER, a -> log.add("still called"));
    model.pass(0, new int[] {1, 2}, () -> model.fire("res", 0, 0, value));
    model.pass(2, new int[] {1}, () -> model.fire("res", 0, 2, new float[][] {{0, 0}}));
    assertArrayEquals(new float[][] {{5, 6}, {3, 4}}, value);
    assertEquals(List.of("still called", "still called"), log);
    List<Problem> problems = run.finish();
    assertEquals(1, problems.size());
    assertEquals(1, problems.get(0).exit());
    assertTrue(
        problems
            .get(0)
            .sentence()
            .startsWith(
                "A hook at res.0 failed 2 times, first with"
                    + " java.lang.IllegalStateException: planted."),
        problems.get(0).sentence());
    String err = told.toString(StandardCharsets.UTF_8);
    assertEquals(1, err.split("planted", -1).length - 1, "only the first is printed");
    expectedProblems = List.of("hook-failed");
  }

  @Test
  void anErrorOfTheMachineIsThrownOnAfterPuttingBack() {
    float[][] value = {{1, 2}};
    run.on(
        "res.0",
        Phase.REPLACE,
        a -> {
          a.write(0, new float[] {5, 6});
          throw new OutOfMemoryError("planted");
        });
    assertThrows(
        OutOfMemoryError.class,
        () -> model.pass(0, new int[] {1}, () -> model.fire("res", 0, 0, value)));
    assertArrayEquals(new float[][] {{1, 2}}, value);
    expectedProblems = List.of("hook-failed");
  }

  @Test
  void aRunThatCannotGoOnTellsItsOwnerOutsideTheHook() {
    float[][] value = {{1, 2}};
    run.on(
        "res.0",
        Phase.REPLACE,
        a -> {
          a.write(0, new float[] {5, 6});
          throw TapscopeException.failed("width", "planted");
        });
    model.pass(0, new int[] {1}, () -> model.fire("res", 0, 0, value));
    assertEquals("width", fatal.get(0).id());
    assertArrayEquals(new float[][] {{1, 2}}, value);
    expectedFatal = 1;
  }

  @Test
  void aViewEndsWithItsCallback() {
    List<Activation> kept = new ArrayList<>();
    run.on("res.0", Phase.REPLACE, kept::add);
    model.pass(
        0,
        new int[] {1},
        () -> {
          model.fire("res", 0, 0, new float[1][2]);
          Activation late = kept.get(0);
          assertThrows(IllegalStateException.class, () -> late.read(0, new float[2]));
          assertThrows(IllegalStateException.class, () -> late.write(0, new float[2]));
          assertThrows(IllegalStateException.class, late::rows);
          assertThrows(IllegalStateException.class, () -> late.position(0));
        });
  }

  @Test
  void aViewIsForItsThread() {
    run.on(
        "res.0",
        Phase.READ_AFTER,
        a -> {
          Thread other =
              new Thread(() -> {
                try {
                  a.read(0, new float[2]);
                } catch (IllegalStateException e) {
                  log.add("refused");
                }
              });
          other.start();
          join(other);
        });
    model.pass(0, new int[] {1}, () -> model.fire("res", 0, 0, new float[1][2]));
    assertEquals(List.of("refused"), log);
  }

  @Test
  void tooShortARowIsRefused() {
    float[][] value = {{1, 2}};
    run.on("res.0", Phase.REPLACE, a -> a.write(0, new float[1]));
    model.pass(0, new int[] {1}, () -> model.fire("res", 0, 0, value));
    expectedProblems = List.of("hook-failed");
  }

  @Test
  void whatAHookRunsPassesThrough() {
    run.on(
        "res.0",
        Phase.REPLACE,
        a -> {
          log.add("hook");
          ModelThread nested = new ModelThread(runs, TinyProfile.profile());
          nested.pass(0, new int[] {1, 2}, () -> nested.fire("res", 0, 0, new float[2][2]));
        });
    model.pass(0, new int[] {1}, () -> model.fire("res", 0, 0, new float[1][2]));
    assertEquals(List.of("hook"), log);
    assertEquals(1, run.ledger().passes());
  }

  @Test
  void twoReplacersOfOneAddressAreAnError() {
    run.on("res.0-1+mlp.2", Phase.REPLACE, a -> {});
    run.on("res.2+mlp.0-1", Phase.REPLACE, a -> {});
    run.on("res.1", Phase.SPLICE, a -> {});
    TapscopeException e =
        assertThrows(TapscopeException.class, () -> run.on("mlp.*", Phase.REPLACE, a -> {}));
    assertEquals("replace-twice", e.id());
    assertTrue(e.getMessage().contains("mlp.2 and mlp.*"), e.getMessage());
  }

  @Test
  void tokensAreNoActivations() {
    for (String site : List.of("tokens", "sampled")) {
      TapscopeException e =
          assertThrows(TapscopeException.class, () -> run.on(site, Phase.READ_AFTER, a -> {}));
      assertEquals("site-unknown", e.id());
    }
  }

  @Test
  void listenersFrameThePass() {
    run.onPassBegin(pass -> log.add("begin " + pass.index()));
    run.onPassEnd(pass -> log.add("end " + pass.index()));
    run.onPassAborted(pass -> log.add("aborted " + pass.index()));
    run.onClose(() -> log.add("close"));
    run.on("res.0", Phase.READ_AFTER, a -> log.add("res"));
    model.pass(0, new int[] {1}, () -> model.fire("res", 0, 0, new float[1][2]));
    assertThrows(
        IllegalArgumentException.class,
        () ->
            model.pass(
                1,
                new int[] {1},
                () -> {
                  throw new IllegalArgumentException("the model's own");
                }));
    run.finish();
    assertEquals(
        List.of("begin 0", "res", "end 0", "begin 1", "aborted 1", "close"), log.subList(0, 6));
    log.clear();
  }

  @Test
  void passesInsidePassesAreToldApart() {
    run.onPassBegin(pass -> log.add("begin " + pass.index() + " at " + pass.start()));
    run.onPassEnd(pass -> log.add("end " + pass.index()));
    model.pass(0, new int[] {1, 2}, () -> model.pass(50, new int[] {3}, () -> log.add("inside")));
    assertEquals(List.of("begin 0 at 0", "begin 1 at 50", "inside", "end 1", "end 0"), log);
  }

  @Test
  void aFailingListenerIsAFailedRun() {
    run.onPassEnd(pass -> {
      throw new IllegalStateException("planted");
    });
    run.onPassEnd(pass -> log.add("the next one is called"));
    model.pass(0, new int[] {1}, () -> {});
    assertEquals(List.of("the next one is called"), log);
    expectedProblems = List.of("hook-failed");
  }

  @Test
  void afterTheEndEverythingPassesThrough() {
    float[][] value = {{1, 2}};
    run.on("res.0", Phase.REPLACE, a -> a.write(0, new float[] {9, 9}));
    run.finish();
    model.pass(0, new int[] {1}, () -> model.fire("res", 0, 0, value));
    assertArrayEquals(new float[][] {{1, 2}}, value);
    assertFalse(runs.observes(site("res")));
  }

  @Test
  void nothingIsObservedUntilSomethingListens() {
    assertFalse(runs.observes(site("tokens")));
    run.on("res.0", Phase.READ_AFTER, a -> {});
    assertTrue(runs.observes(site("tokens")));
    assertTrue(runs.observes(site("sampled")));
    assertTrue(runs.observes(site("res")));
    assertFalse(runs.observes(site("mlp")));
  }

  @Test
  void hooksAttachedWithinAPassTakePartFromTheNextFire() {
    run.on("mlp.0", Phase.READ_AFTER, a -> {});
    model.pass(
        0,
        new int[] {1},
        () -> {
          model.fire("res", 0, 0, new float[1][2]);
          run.on("res.0", Phase.READ_AFTER, a -> log.add("called"));
          model.fire("res", 0, 0, new float[1][2]);
        });
    assertEquals(List.of("called"), log);
  }

  @Test
  void aFireBeforeAnythingListenedIsNoError() {
    model.pass(
        0,
        new int[] {1},
        () -> {
          run.on("res.0", Phase.READ_AFTER, a -> log.add("called"));
          model.fire("res", 0, 0, new float[1][2]);
        });
    assertEquals(List.of(), log);
    model.pass(1, new int[] {1}, () -> model.fire("res", 0, 1, new float[1][2]));
    assertEquals(List.of("called"), log);
  }

  @Test
  void twoThreadsHaveTheirOwnPasses() {
    List<String> wrong = Collections.synchronizedList(new ArrayList<>());
    run.on(
        "res.0",
        Phase.READ_AFTER,
        a -> {
          if (row(a, 0)[0] != a.pass().tokenAt(a.position(0))) {
            wrong.add(a.pass() + " got row " + row(a, 0)[0]);
          }
        });
    CountDownLatch start = new CountDownLatch(2);
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < 2; t++) {
      int token = 1 + t;
      threads.add(
          new Thread(() -> {
            ModelThread mine = new ModelThread(runs, TinyProfile.profile());
            start.countDown();
            join(start);
            for (int i = 0; i < 1000; i++) {
              int position = i;
              mine.pass(
                  i,
                  new int[] {token},
                  () -> mine.fire("res", 0, position, new float[][] {{token, 0}}));
            }
          }));
    }
    threads.forEach(Thread::start);
    threads.forEach(TapRunTest::join);
    assertEquals(List.of(), wrong);
    assertEquals(2000, run.ledger().passes());
    assertEquals(2, run.sequences());
  }

  @Test
  void theDecoderOfTheModelGivesTheText() {
    assertEquals("#3", run.text(3));
    runs.decoderBuilt(new Object());
    assertEquals("#3", run.text(3));
    runs.decoderBuilt(new targets.TinyModel.Vocabulary());
    assertEquals(" word3", run.text(3));
  }

  @Test
  void passesKnowWhatWasSampled() {
    List<Pass> passes = new ArrayList<>();
    run.onPassBegin(passes::add);
    model.pass(0, new int[] {1, 2}, () -> {});
    runs.sampled(9);
    model.pass(2, new int[] {9}, () -> {});
    model.pass(3, new int[] {9}, () -> {});
    assertEquals(List.of(false, true, false), passes.stream().map(Pass::generated).toList());
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void join(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
