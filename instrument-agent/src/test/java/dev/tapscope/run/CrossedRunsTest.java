package dev.tapscope.run;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.folder.NoFolder;
import dev.tapscope.profile.Profile;
import dev.tapscope.profile.ProfileParser;
import dev.tapscope.profile.Site;
import dev.tapscope.rows.Rows;
import dev.tapscope.rows.RowsOf;
import dev.tapscope.tap.Activation;
import dev.tapscope.tap.Address;
import dev.tapscope.tap.FailurePolicy;
import dev.tapscope.tap.Phase;
import dev.tapscope.tap.Run;
import dev.tapscope.tap.TapscopeException;
import dev.tapscope.testing.ModelThread;
import dev.tapscope.testing.TinyProfile;
import java.io.OutputStream;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Passes inside passes, runs inside hooks, passes nobody follows: who sees what. */
@Timeout(30)
class CrossedRunsTest {
  private static final Profile PROFILE = TinyProfile.profile();

  /** The same, where res names its cache. */
  private static final Profile WITH_CACHE =
      ProfileParser.parse(
          TinyProfile.text()
              .replace("alias  hook_resid_post", "cache  arg 2\n  alias  hook_resid_post"),
          "tiny.taps");

  private final Runs runs = runs(PROFILE);
  private final ModelThread model = new ModelThread(runs, PROFILE);

  private static Runs runs(Profile profile) {
    return new Runs(profile, new PrintStream(OutputStream.nullOutputStream()));
  }

  private Run open() {
    return runs.open(new NoFolder());
  }

  private static void onAnotherThread(Runnable work) {
    List<Throwable> failures = new ArrayList<>();
    Thread thread = new Thread(work);
    thread.setUncaughtExceptionHandler((t, e) -> failures.add(e));
    thread.start();
    await(thread::join);
    assertEquals(List.of(), failures);
  }

  private interface Waiting {
    void run() throws Exception;
  }

  private static void await(Waiting waiting) {
    try {
      waiting.run();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /**
   * Lets a worker of a pass that no run follows fire while a pass of a run is under way.
   *
   * @return what the run says when it closes
   */
  private static Optional<String> strangersWorkerFires(Profile profile) {
    Runs all = runs(profile);
    ModelThread mine = new ModelThread(all, profile);
    ModelThread strangers = new ModelThread(all, profile);
    float[][] value = {{1, 2}};
    Run run = all.open(new NoFolder());
    run.on("res.0", Phase.REPLACE, a -> a.set(new float[][] {{9, 9}}));
    mine.pass(
        0,
        new int[1],
        () -> {
          onAnotherThread(() ->
              strangers.pass(
                  0, new int[1], () -> onAnotherThread(() -> strangers.fire("res", 0, 0, value))));
          mine.fire("res", 0, 0, new float[1][2]);
        });
    assertArrayEquals(new float[] {1, 2}, value[0], "the edit reached a pass of nobody's");
    try {
      run.close();
      return Optional.empty();
    } catch (TapscopeException e) {
      return Optional.of(e.id());
    }
  }

  @Test
  void aWorkerOfAPassNobodyFollowsIsNotTakenForOneOfARuns() {
    assertEquals(Optional.of("site-outside-pass"), strangersWorkerFires(PROFILE));
  }

  @Test
  void aCacheTellsTheWorkersOfAPassNobodyFollowsApart() {
    assertEquals(Optional.empty(), strangersWorkerFires(WITH_CACHE));
  }

  @Test
  void aPassWithinAPassLeavesTheOuterOneItsCache() {
    Runs all = runs(WITH_CACHE);
    ModelThread outer = new ModelThread(all, WITH_CACHE);
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch over = new CountDownLatch(1);
    Thread busy =
        new Thread(() ->
            new ModelThread(all, WITH_CACHE)
                .pass(
                    0,
                    new int[1],
                    () -> {
                      begun.countDown();
                      await(over::await);
                    }));
    List<Integer> seen = new ArrayList<>();
    try (Run run = all.open(new NoFolder())) {
      run.watch("res.0", a -> seen.add(a.position(0)));
      busy.start();
      await(begun::await);
      outer.pass(
          0,
          new int[4],
          () -> {
            outer.pass(2, new int[1], () -> outer.fire("res", 0, 2, new float[1][2]));
            onAnotherThread(() -> outer.fire("res", 0, 3, new float[1][2]));
          });
    } finally {
      over.countDown();
      await(busy::join);
    }
    assertEquals(List.of(2, 3), seen);
  }

  @Test
  void aCacheIsForgottenWhenAnotherPassBeginsInTheSameCall() {
    Runs all = runs(WITH_CACHE);
    ModelThread first = new ModelThread(all, WITH_CACHE);
    ModelThread second = new ModelThread(all, WITH_CACHE);
    List<Integer> passes = new ArrayList<>();
    Run run = all.open(new NoFolder());
    run.watch("res.0", a -> passes.add(a.pass().index()));
    first.pass(
        0,
        new int[1],
        () -> {
          first.fire("res", 0, 0, new float[1][2]);
          second.begin(0, new int[1]);
          second.fire("res", 0, 0, new float[1][2]);
        });
    second.pass(
        1, new int[1], () -> onAnotherThread(() -> first.fire("res", 0, 1, new float[1][2])));
    run.close();
    assertEquals(
        List.of(0, 1), passes); // neither of the first, long over, nor of the one under way
  }

  @Test
  void theLatestLayerIsThatOfThePassAndNotOfAnEarlierOneOfTheSameCall() {
    List<Address> seen = new ArrayList<>();
    try (Run run = open()) {
      run.watch("mlp.*", a -> seen.add(a.address()));
      model.pass(
          0,
          new int[1],
          () -> {
            fireAtLatest(5);
            model.begin(1, new int[1]);
            fireAtLatest(2);
          });
    }
    assertEquals(List.of(Address.of("mlp", 5), Address.of("mlp", 2)), seen);
  }

  private void fireAtLatest(int entered) {
    runs.fired(
        new Shown() {
          @Override
          public Site site() {
            return PROFILE.place("mlp").orElseThrow();
          }

          @Override
          public int layer(Object[] passed, Layers layers) {
            layers.enter(entered);
            return layers.latest();
          }

          @Override
          public Address address(int layer) {
            return Address.of("mlp", layer);
          }

          @Override
          public int first(Object[] passed, int otherwise) {
            return otherwise;
          }

          @Override
          public Object cache(Object[] passed) {
            throw new AssertionError("mlp names no cache");
          }

          @Override
          public Rows rows(Object tensor, Object[] passed) {
            return RowsOf.value(tensor);
          }
        },
        new Object[0],
        new float[1][2]);
  }

  @Test
  void aRunClosedInsideItsOwnHookLeavesTheHookItWasOpenedInMuted() {
    AtomicInteger calls = new AtomicInteger();
    try (Run outer = open()) {
      outer.on(
          "res.0",
          Phase.READ_AFTER,
          a -> {
            calls.incrementAndGet();
            Run nested = open();
            nested.watch("res.0", b -> assertThrows(TapscopeException.class, nested::close));
            pass(1);
            pass(1);
          });
      pass(1);
      assertEquals(Map.of(Address.of("res", 0), 1L), outer.fires());
    }
    assertEquals(1, calls.get());
  }

  private void pass(int rows) {
    ModelThread other = new ModelThread(runs, PROFILE);
    other.pass(0, new int[rows], () -> other.fire("res", 0, 0, new float[rows][2]));
  }

  @Test
  void aValueOutsideAPassInsideAHookIsNotOneOfTheHooksOwnPass() {
    AtomicInteger calls = new AtomicInteger();
    List<String> nestedSaid = new ArrayList<>();
    try (Run outer = open()) {
      outer.on(
          "res.0",
          Phase.READ_AFTER,
          a -> {
            calls.incrementAndGet();
            Run nested = open();
            nested.watch("res.0", b -> {});
            model.fire("res", 0, 0, new float[1][2]);
            nestedSaid.add(assertThrows(TapscopeException.class, nested::close).getMessage());
          });
      pass(1);
      assertEquals(Map.of(Address.of("res", 0), 1L), outer.fires());
    }
    assertEquals(1, calls.get());
    assertTrue(nestedSaid.get(0).contains("where no pass is under way"), nestedSaid.get(0));
  }

  /** A hook that runs a model with workers of its own: these are as mute as the hook. */
  @Test
  void theWorkersOfAPassInsideAHookAreMutedWithIt() {
    Runs all = runs(WITH_CACHE);
    ModelThread outer = new ModelThread(all, WITH_CACHE);
    ModelThread inner = new ModelThread(all, WITH_CACHE);
    AtomicInteger calls = new AtomicInteger();
    try (Run run = all.open(new NoFolder())) {
      run.on(
          "res.0",
          Phase.READ_AFTER,
          a -> {
            if (calls.getAndIncrement() < 3) {
              inner.pass(
                  0,
                  new int[1],
                  () -> onAnotherThread(() -> inner.fire("res", 0, 0, new float[1][2])));
            }
          });
      outer.pass(0, new int[1], () -> outer.fire("res", 0, 0, new float[1][2]));
    }
    assertEquals(1, calls.get());
  }

  @Test
  void aPassThatANestedRunIsClosedInEndsLikeAnyOther() {
    List<String> seen = new ArrayList<>();
    try (Run outer = open()) {
      outer.on(
          "res.0",
          Phase.READ_AFTER,
          a -> {
            Run nested = open();
            nested.watch("res.0", b -> seen.add("nested"));
            ModelThread inner = new ModelThread(runs, PROFILE);
            inner.pass(0, new int[1], () -> assertThrows(TapscopeException.class, nested::close));
          });
      outer.watch("res.1", a -> seen.add("outer " + a.position(0)));
      ModelThread other = new ModelThread(runs, PROFILE);
      other.pass(
          3,
          new int[1],
          () -> {
            other.fire("res", 0, 3, new float[1][2]);
            other.fire("res", 1, 3, new float[1][2]);
          });
    }
    assertEquals(List.of("outer 3"), seen);
  }

  @Test
  void anEndInsideANestedPassIsNoFailureOfTheOuterOne() throws Exception {
    try (Run run = open()) {
      run.on("res.0", Phase.READ_AFTER, a -> {});
      run.stopWhenSeen();
      Optional<String> result =
          run.call(() -> {
            model.pass(0, new int[2], () -> pass(1));
            return "whole";
          });
      assertEquals(Optional.empty(), result);
    }
  }

  @Test
  void nothingAskedForIsNothingToStopAt() throws Exception {
    List<Address> seen = new ArrayList<>();
    try (Run run = open()) {
      run.watch("res.*", a -> seen.add(a.address()));
      run.stopWhenSeen();
      run.call(() -> {
        model.pass(
            0,
            new int[1],
            () -> {
              model.fire("res", 0, 0, new float[1][2]);
              model.fire("res", 1, 0, new float[1][2]);
            });
        return "whole";
      });
    }
    assertEquals(List.of(Address.of("res", 0), Address.of("res", 1)), seen);
  }

  @Test
  void aStopOutsideCallSaysWhereToCallTheModel() {
    Run run = open();
    run.on("res.0", Phase.READ_AFTER, a -> {});
    run.stopWhenSeen();
    Error stop = assertThrows(Error.class, () -> pass(1));
    assertTrue(stop.getMessage().contains("Run.call"), stop.getMessage());
    run.close();
  }

  @Test
  void aClosedRunRunsNoModel() {
    Run run = open();
    run.close();
    AtomicBoolean called = new AtomicBoolean();
    assertThrows(
        IllegalStateException.class,
        () ->
            run.call(() -> {
              called.set(true);
              return 1;
            }));
    assertThrows(IllegalStateException.class, () -> run.onPassEnd(pass -> {}));
    assertThrows(IllegalStateException.class, () -> run.onPassBegin(pass -> {}));
    assertThrows(IllegalStateException.class, () -> run.onClose(() -> {}));
    assertFalse(called.get());
  }

  @Test
  void aRunThatIsClosedByAnInterruptedThreadStillWaitsForItsHooks() throws Exception {
    CountDownLatch inHook = new CountDownLatch(1);
    AtomicBoolean left = new AtomicBoolean();
    Run run = open();
    run.watch(
        "res.0",
        a -> {
          inHook.countDown();
          long until = System.nanoTime() + 300_000_000;
          while (System.nanoTime() < until) {
            Thread.onSpinWait();
          }
          left.set(true);
        });
    Thread other = new Thread(() -> assertDoesNotThrow(() -> run.call(this::once)));
    other.start();
    inHook.await();
    Thread.currentThread().interrupt();
    TapscopeException unfinished = assertThrows(TapscopeException.class, run::close);
    assertTrue(Thread.interrupted());
    assertEquals("site-never-fired", unfinished.id()); // its one pass had not ended
    assertTrue(left.get());
    other.join();
  }

  private String once() {
    pass(1);
    return "whole";
  }

  @Test
  void aNestedRunsFailureThatAHookHandsOnIsAFailureOfTheOuterRunToo() {
    Run run = open();
    run.on(
        "res.0",
        Phase.READ_AFTER,
        a -> {
          throw TapscopeException.failed("hook-failed", "A hook of a run inside this one failed.");
        });
    model.pass(
        0,
        new int[1],
        () -> {
          try {
            model.fire("res", 0, 0, new float[1][2]);
          } catch (TapscopeException swallowed) {
            assertEquals("hook-failed", swallowed.id());
          }
        });
    TapscopeException told = assertThrows(TapscopeException.class, run::close);
    assertTrue(told.getMessage().contains("inside this one"), told.getMessage());
  }

  @Test
  void aPassThatBeginsWhileCallsAreBeingSwitchedOnIsNotHalfSeen() {
    Run run = open();
    AtomicBoolean once = new AtomicBoolean();
    runs.whenChanged(() -> {
      if (once.compareAndSet(false, true)) { // the tokens of this pass are not yet reported
        runs.passEntered();
        model.fire("res", 0, 0, new float[1][2]);
        runs.passLeft(true);
      }
    });
    run.on("res.0", Phase.READ_AFTER, a -> {});
    pass(1);
    run.close();
  }

  @Test
  void aPassUnderWayWhenItsHookIsSwitchedOnIsNotAskedForIt() {
    Run run = open();
    run.onPassEnd(pass -> {});
    AtomicBoolean once = new AtomicBoolean();
    runs.whenChanged(() -> {
      if (once.compareAndSet(false, true)) { // its call of res is past before that is on
        model.pass(0, new int[1], () -> {});
      }
    });
    run.on("res.0", Phase.READ_AFTER, a -> {});
    pass(1);
    run.close();
  }

  @Test
  void aHookTakenOffForItsFailureIsNotMissedAfterwards() {
    Run run = open();
    run.onFailure(FailurePolicy.DETACH_HOOK);
    run.on(
        "res.0",
        Phase.READ_AFTER,
        a -> {
          throw new IllegalStateException("planted");
        });
    pass(1);
    assertFalse(runs.observes(PROFILE.place("res").orElseThrow()));
    model.pass(0, new int[1], () -> {}); // its calls are off
    TapscopeException told = assertThrows(TapscopeException.class, run::close);
    assertEquals("hook-failed", told.id());
    assertFalse(told.getMessage().contains("must show every position"), told.getMessage());
  }

  @Test
  void aRunWhosePassesBeganElsewhereSaysWhereTheyMustBegin() {
    Run run = open();
    run.on("res.0", Phase.READ_AFTER, Activation::copy);
    onAnotherThread(() -> pass(1));
    TapscopeException silent = assertThrows(TapscopeException.class, run::close);
    assertTrue(silent.getMessage().contains("Run.call"), silent.getMessage());
  }
}
