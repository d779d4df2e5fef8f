package dev.tapscope.traps;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.junit.Tapped;
import dev.tapscope.tap.Activation;
import dev.tapscope.tap.Address;
import dev.tapscope.tap.Attachment;
import dev.tapscope.tap.FailurePolicy;
import dev.tapscope.tap.Phase;
import dev.tapscope.tap.Run;
import dev.tapscope.tap.Steps;
import dev.tapscope.tap.Taps;
import dev.tapscope.tap.TapscopeException;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import targets.BusyModel;

/**
 * When hooks are on, whose passes they see, and how passes end: the traps that other tools fell
 * into with life cycles and threads. Run by {@link TrapsIT}.
 */
@Tapped(profile = "busy.taps")
@Timeout(60)
final class LifeTraps {
  private static final String PROFILE = "busy.taps";
  private static final int[] PROMPT = {1, 2, 3};
  private static final float[][] CLEAN = forward();

  private static float[][] forward() {
    return new BusyModel().forward(PROMPT, 0, new BusyModel.Cache());
  }

  @Test
  void attachmentsNestCloseInAnyOrderAndTwice(Run run) {
    List<String> seen = new ArrayList<>();
    Attachment outer = run.watch("res.0", a -> seen.add("outer"));
    Attachment inner = run.watch("res.0", a -> seen.add("inner"));
    forward();
    outer.close();
    forward();
    outer.close();
    inner.close();
    forward();
    run.watch("res.0", a -> seen.add("again"));
    forward();
    assertEquals(List.of("outer", "inner", "inner", "again"), seen);
  }

  /** Whatever was switched on and off before, exactly what is on now is called. */
  @Test
  void aThousandRandomSwitches(Run run) {
    String[] sites = {"resid_pre.*", "k.1", "attn_out.0-1", "res.*", "weights.2", "res.1"};
    int[] perPass = {3, 1, 2, 3, 3, 1};
    AtomicInteger[] counts = new AtomicInteger[sites.length];
    Arrays.setAll(counts, i -> new AtomicInteger());
    List<Optional<Attachment>> on =
        new ArrayList<>(Collections.nCopies(sites.length, Optional.empty()));
    Random random = new Random(16);
    for (int step = 0; step < 1000; step++) {
      int i = random.nextInt(sites.length);
      if (on.get(i).isPresent()) {
        on.get(i).get().close();
        on.set(i, Optional.empty());
      } else {
        on.set(i, Optional.of(run.watch(sites[i], a -> counts[i].incrementAndGet())));
      }
      assertArrayEquals(CLEAN, forward());
      for (int j = 0; j < sites.length; j++) {
        assertEquals(on.get(j).isPresent() ? perPass[j] : 0, counts[j].getAndSet(0), sites[j]);
      }
    }
  }

  @Test
  void aHookTakenOffInTheMiddleOfAPassIsNotCalledAgainInIt(Run run) {
    List<String> seen = new ArrayList<>();
    Attachment later = run.watch("res.1-2", a -> seen.add("later " + a.address()));
    run.watch(
        "mlp.2",
        a -> {
          seen.add("off");
          later.close();
        });
    forward();
    forward();
    assertEquals(List.of("later res.1", "off", "off"), seen);
  }

  @Test
  void aHookAttachedInTheMiddleOfAPassIsCalledFromThereOn(Run run) {
    List<String> seen = new ArrayList<>();
    AtomicBoolean once = new AtomicBoolean();
    run.watch(
        "mlp.1",
        a -> {
          if (once.compareAndSet(false, true)) {
            run.watch("res.*", b -> seen.add(b.address().toString()));
          }
        });
    forward();
    assertEquals(List.of("res.1", "res.2"), seen);
  }

  @Test
  void switchingWhileAnotherThreadComputesChangesNoBit(Run run) throws Exception {
    AtomicBoolean stop = new AtomicBoolean();
    List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
    Thread model =
        new Thread(() -> {
          try (Run own = Taps.open(PROFILE)) {
            own.watch("res.*", Activation::copy);
            while (!stop.get()) {
              assertArrayEquals(CLEAN, forward());
            }
          } catch (Throwable e) {
            failures.add(e);
          }
        });
    model.start();
    for (int i = 0; i < 300; i++) {
      run.watch("resid_pre.*+k.*+mlp.*", Activation::copy).close();
    }
    assertArrayEquals(CLEAN, forward());
    stop.set(true);
    model.join();
    assertEquals(List.of(), failures);
  }

  /** What a run may keep of a model ends with it. */
  @Test
  void aClosedRunKeepsNothingAlive() throws InterruptedException {
    List<WeakReference<?>> references = new ArrayList<>();
    useOnce(references);
    for (int i = 0; i < 100 && references.stream().anyMatch(r -> r.get() != null); i++) {
      System.gc();
      Thread.sleep(20);
    }
    references.forEach(reference -> assertNull(reference.get()));
  }

  private static void useOnce(List<WeakReference<?>> references) {
    BusyModel.Cache cache = new BusyModel.Cache();
    BusyModel model = new BusyModel();
    List<Object> caught = new ArrayList<>();
    try (Run run = Taps.open(PROFILE)) {
      run.on("res.1", Phase.READ_AFTER, a -> caught.add(a.tensor()));
      model.forward(PROMPT, 0, cache);
      references.add(new WeakReference<>(run));
    }
    assertNotNull(caught.get(0));
    references.add(new WeakReference<>(cache));
    references.add(new WeakReference<>(model));
    references.add(new WeakReference<>(caught.get(0)));
    references.add(new WeakReference<>(caught));
  }

  @Test
  void insideAHookTheModelRunsWithoutTheHook(Run run) {
    AtomicInteger calls = new AtomicInteger();
    List<String> nested = new ArrayList<>();
    run.on(
        "res.1",
        Phase.READ_AFTER,
        a -> {
          calls.incrementAndGet();
          assertArrayEquals(CLEAN, forward());
          try (Run own = Taps.open(PROFILE)) {
            own.on("res.0", Phase.READ_AFTER, b -> nested.add(b.address().toString()));
            forward();
          }
        });
    assertArrayEquals(CLEAN, forward());
    assertEquals(1, calls.get());
    assertEquals(List.of("res.0"), nested);
    assertEquals(Map.of(Address.of("res", 1), 1L), run.fires());
  }

  /** The class with site 'late' is woven in the middle of a callback. */
  @Test
  void aTappedClassMayBeLoadedInsideAHook(Run run) {
    AtomicInteger late = new AtomicInteger();
    run.watch("late", a -> late.incrementAndGet());
    run.on(
        "res.0",
        Phase.READ_AFTER,
        a -> assertEquals(1, BusyModel.Late.touch(new float[1][BusyModel.WIDTH]).length));
    new BusyModel(true).forward(PROMPT, 0, new BusyModel.Cache());
    assertEquals(1, late.get(), "once by the model, and not where the hook called");
  }

  @Test
  void aHelpersOwnRunLeavesTheHooksOfTheOuterOneAlone(Run run) {
    AtomicInteger mine = new AtomicInteger();
    run.on("res.0", Phase.READ_AFTER, a -> mine.incrementAndGet());
    forward();
    try (Run helper = Taps.open(PROFILE)) {
      helper.on("res.0", Phase.REPLACE, a -> a.set(new float[3][2]));
      forward();
    }
    assertArrayEquals(CLEAN, forward());
    assertEquals(2, mine.get());
  }

  @Test
  void aPlaceTheModelNeverReachesIsAnError() {
    Run run = Taps.open(PROFILE);
    run.on("gate.0", Phase.READ_AFTER, a -> {});
    forward();
    TapscopeException silent = assertThrows(TapscopeException.class, run::close);
    assertEquals("site-never-fired", silent.id());
    assertTrue(silent.getMessage().contains("gate.0"), silent.getMessage());
  }

  /** What an earlier hook has seen in earlier passes does not stand in for what is missing now. */
  @Test
  void aPlaceThatWasReachedBeforeIsMissedAllTheSame() {
    Run run = Taps.open(PROFILE);
    Attachment earlier = run.on("gate.*", Phase.READ_AFTER, a -> {});
    new BusyModel(true).forward(PROMPT, 0, new BusyModel.Cache());
    earlier.close();
    run.on("gate.1", Phase.READ_AFTER, a -> {});
    forward();
    TapscopeException missed = assertThrows(TapscopeException.class, run::close);
    assertEquals("site-missed", missed.id());
    assertTrue(missed.getMessage().contains("in 0 of 1 pass"), missed.getMessage());
  }

  @Test
  void aHookThatThrowsOnAWorkerReachesTheCallerAndTheNextRunIsClean() {
    Run run = Taps.open(PROFILE);
    run.on(
        "weights.1",
        Phase.REPLACE,
        a -> {
          if (a.position(0) == 2) {
            throw new IllegalStateException("planted");
          }
        });
    Throwable thrown = assertThrows(Throwable.class, LifeTraps::forward);
    TapscopeException failed =
        Stream.iterate(thrown, t -> t != null, Throwable::getCause)
            .filter(TapscopeException.class::isInstance)
            .map(TapscopeException.class::cast)
            .findFirst()
            .orElseThrow();
    assertEquals("hook-failed", failed.id());
    assertEquals("planted", failed.getCause().getMessage());
    assertEquals("hook-failed", assertThrows(TapscopeException.class, run::close).id());
    assertArrayEquals(CLEAN, forward());
  }

  @Test
  void whatAFailedHookHadWrittenIsTakenBack() {
    Run run = Taps.open(PROFILE);
    run.onFailure(FailurePolicy.PASS_THROUGH);
    run.on(
        "res.*",
        Phase.REPLACE,
        a -> {
          a.write(0, new float[] {100, 100});
          throw new IllegalStateException("planted");
        });
    assertArrayEquals(CLEAN, forward());
    TapscopeException failed = assertThrows(TapscopeException.class, run::close);
    assertEquals("hook-failed", failed.id());
  }

  @Test
  void twoRunsOverOneModelEachEqualTheirSoloRun() throws Exception {
    BusyModel[] shared = {new BusyModel()};
    float[][][] solo = new float[2][][];
    for (int edit = 0; edit < 2; edit++) {
      solo[edit] = edited(shared[0], edit);
    }
    CyclicBarrier together = new CyclicBarrier(2);
    List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
    Thread[] threads =
        IntStream.range(0, 2)
            .mapToObj(edit ->
                new Thread(() -> {
                  try {
                    for (int i = 0; i < 300; i++) {
                      together.await();
                      assertArrayEquals(solo[edit], edited(shared[0], edit));
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
    assertFalse(Arrays.deepEquals(solo[0], solo[1]));
  }

  /** Edits on the model's own thread and on its workers. */
  private static float[][] edited(BusyModel model, int edit) {
    try (Run run = Taps.open(PROFILE)) {
      run.on("resid_mid.1", Phase.REPLACE, a -> a.write(0, new float[] {edit, 10}));
      run.on("k.2", Phase.REPLACE, a -> a.write(1, new float[] {edit, 20}));
      run.on(
          "weights.2",
          Phase.REPLACE,
          a -> {
            float[] first = new float[a.width(0)];
            first[0] = edit + 1;
            a.write(0, first);
          });
      return model.forward(PROMPT, 0, new BusyModel.Cache());
    }
  }

  @Test
  void aPassThatEndsEarlyOnAWorkerEndsItForItsCallerAlone(Run run) throws Exception {
    AtomicInteger beyond = new AtomicInteger();
    AtomicInteger fires = new AtomicInteger();
    run.on("weights.1", Phase.READ_AFTER, a -> fires.incrementAndGet());
    run.watch("res.1-2+weights.2", a -> beyond.incrementAndGet());
    run.stopWhenSeen();
    for (int i = 1; i <= 200; i++) {
      assertEquals(Optional.empty(), run.call(LifeTraps::forward));
      assertEquals(PROMPT.length * i, fires.get(), "what was asked for, whole");
    }
    assertEquals(0, beyond.get());
  }

  @Test
  void aCacheThatAnEarlyEndLeftHalfWrittenIsRefused() throws Exception {
    BusyModel model = new BusyModel();
    BusyModel.Cache cache = new BusyModel.Cache();
    Run run = Taps.open(PROFILE);
    run.on("res.0", Phase.READ_AFTER, a -> {});
    run.stopWhenSeen();
    assertEquals(Optional.empty(), run.call(() -> model.forward(PROMPT, 0, cache)));
    TapscopeException dirty =
        assertThrows(
            TapscopeException.class,
            () -> run.call(() -> model.forward(new int[] {4}, PROMPT.length, cache)));
    assertEquals("cache-half-written", dirty.id());
    assertThrows(TapscopeException.class, run::close);
  }

  /** The earlier pass is over; its worker is not taken for one of the pass under way. */
  @Test
  void aWorkerThatIsLateBelongsToNoOtherPass(Run run) {
    BusyModel model = new BusyModel();
    BusyModel.Cache earlier = new BusyModel.Cache();
    AtomicInteger rows = new AtomicInteger();
    model.forward(PROMPT, 0, earlier);
    run.on("weights.*", Phase.READ_AFTER, a -> rows.incrementAndGet());
    run.on(
        "res.0",
        Phase.READ_AFTER,
        a -> {
          Thread late = new Thread(() -> model.straggle(new float[] {1, 1}, earlier));
          late.start();
          try {
            late.join();
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        });
    model.forward(PROMPT, 0, new BusyModel.Cache());
    assertEquals(BusyModel.LAYERS * PROMPT.length, rows.get());
  }

  @Test
  void stepsGoOverAllPassesOrAsFarAsTheyAreWanted(Run run) {
    BusyModel model = new BusyModel();
    List<Integer> all = new ArrayList<>();
    try (Steps<float[][]> steps =
        run.steps("res.2", () -> model.decode(PROMPT, new BusyModel.Cache()))) {
      for (Activation a : steps) {
        all.add(a.position(0));
      }
      assertEquals(1, steps.result().orElseThrow().length);
    }
    assertEquals(List.of(0, 1, 2), all);
    List<Integer> two = new ArrayList<>();
    try (Steps<float[][]> steps =
        run.steps("res.2", () -> model.decode(PROMPT, new BusyModel.Cache()))) {
      for (Activation a : steps) {
        two.add(a.position(0));
        if (two.size() == 2) {
          break;
        }
      }
    }
    assertEquals(List.of(0, 1), two);
    assertEquals(0, stepThreads());
  }

  @Test
  void aLoopOverValuesOfWorkersCanBeLeft(Run run) {
    try (Steps<float[][]> steps = run.steps("weights.*", LifeTraps::forward)) {
      for (Activation a : steps) {
        assertEquals(0, a.address().layer());
        break;
      }
    }
    assertEquals(0, stepThreads());
    assertArrayEquals(CLEAN, forward());
  }

  private static long stepThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().equals("tapscope-steps"))
        .count();
  }

  /** The model waits for a slow reader: every value comes, and in order. */
  @Test
  void aSlowHookLosesNoValue(Run run) {
    List<String> seen = new ArrayList<>();
    run.on(
        "res.*",
        Phase.READ_AFTER,
        a -> {
          try {
            Thread.sleep(2);
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
          seen.add(a.pass().index() + " " + a.address().layer());
        });
    List<String> wanted = new ArrayList<>();
    for (int pass = 0; pass < 20; pass++) {
      forward();
      for (int layer = 0; layer < BusyModel.LAYERS; layer++) {
        wanted.add(pass + " " + layer);
      }
    }
    assertEquals(wanted, seen);
  }
}
