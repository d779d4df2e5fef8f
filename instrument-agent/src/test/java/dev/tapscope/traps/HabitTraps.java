package dev.tapscope.traps;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.junit.Tapped;
import dev.tapscope.tap.Hook;
import dev.tapscope.tap.Phase;
import dev.tapscope.tap.Run;
import dev.tapscope.tap.Taps;
import dev.tapscope.tap.TapscopeException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import targets.Habits;
import targets.Habits.Habit;

/**
 * Hooks that fail, and passes that end, inside a model's own handlers, locks and clean-ups; values
 * in a storage that rounds. Run by {@link TrapsIT}.
 */
@Timeout(60)
final class HabitTraps {
  private static final String PROFILE = "habits.taps";

  private static final Hook FAILS =
      a -> {
        throw new IllegalStateException("planted");
      };

  private static float forward(Habits model) {
    return model.forward(new int[] {3}, 0);
  }

  private static float forward(Habit habit) {
    return forward(new Habits(habit));
  }

  @Test
  @Tapped(
      profile = PROFILE,
      fires = {"caught 1", "swallowed 1", "tried 1", "cleaned 1", "locked 1", "stored 1"})
  void whereNothingFailsEachIsVisitedOnce() {
    for (Habit habit : Habit.values()) {
      assertEquals(7, forward(habit), habit::toString);
    }
  }

  @Test
  void aModelThatCatchesTheHooksExceptionDoesNotHideIt() {
    for (String habit : List.of("CATCHES_EXCEPTIONS caught", "CATCHES_EVERYTHING swallowed")) {
      String[] words = habit.split(" ");
      Run run = Taps.open(PROFILE);
      run.on(words[1], Phase.REPLACE, FAILS);
      assertEquals(0, forward(Habit.valueOf(words[0])));
      TapscopeException told = assertThrows(TapscopeException.class, run::close);
      assertEquals("hook-failed", told.id());
      assertTrue(told.getMessage().contains("planted"), told.getMessage());
    }
  }

  @Test
  void anEarlyEndPassesAModelThatCatchesExceptions() throws Exception {
    try (Run run = Taps.open(PROFILE)) {
      run.on("caught", Phase.READ_AFTER, a -> {});
      run.stopWhenSeen();
      assertEquals(Optional.empty(), run.call(() -> forward(Habit.CATCHES_EXCEPTIONS)));
    }
  }

  @Test
  void anEarlyEndThatAModelSwallowsIsTold() throws Exception {
    Run run = Taps.open(PROFILE);
    run.on("swallowed", Phase.READ_AFTER, a -> {});
    run.stopWhenSeen();
    assertEquals(Optional.of(0f), run.call(() -> forward(Habit.CATCHES_EVERYTHING)));
    assertEquals("stop-swallowed", assertThrows(TapscopeException.class, run::close).id());
  }

  /** A tap in a finally block fires on the way out, too; that pass is not one that missed sites. */
  @Test
  void theModelsOwnCleanUpRunsAndItsTapsAreAccountedFor() {
    Habits model = new Habits(Habit.CLEANS_UP);
    AtomicInteger after = new AtomicInteger();
    Run run = Taps.open(PROFILE);
    run.on("tried", Phase.REPLACE, FAILS);
    run.on("cleaned", Phase.READ_AFTER, a -> {});
    run.watch("cleaned_after_failure", a -> after.incrementAndGet());
    assertThrows(TapscopeException.class, () -> forward(model));
    assertEquals(1, model.cleaned);
    assertEquals(1, after.get());
    TapscopeException told = assertThrows(TapscopeException.class, run::close);
    assertEquals("hook-failed", told.id());
    assertFalse(told.getMessage().contains("cleaned"), told.getMessage());
  }

  @Test
  void afterAnEarlyEndTheModelsCleanUpIsNotShown() throws Exception {
    Habits model = new Habits(Habit.CLEANS_UP);
    AtomicInteger after = new AtomicInteger();
    try (Run run = Taps.open(PROFILE)) {
      run.on("tried", Phase.READ_AFTER, a -> {});
      run.watch("cleaned_after_failure", a -> after.incrementAndGet());
      run.stopWhenSeen();
      assertEquals(Optional.empty(), run.call(() -> forward(model)));
    }
    assertEquals(1, model.cleaned);
    assertEquals(0, after.get());
  }

  @Test
  void aFailingHookLeavesNoLockBehind() throws InterruptedException {
    Habits model = new Habits(Habit.HOLDS_A_LOCK);
    Run run = Taps.open(PROFILE);
    run.on("locked", Phase.REPLACE, FAILS);
    assertThrows(TapscopeException.class, () -> forward(model));
    assertFalse(Thread.holdsLock(model.lock));
    assertThrows(TapscopeException.class, run::close);
    List<Float> elsewhere = new ArrayList<>();
    Thread other = new Thread(() -> elsewhere.add(forward(model)));
    other.start();
    other.join();
    assertEquals(List.of(7f), elsewhere);
  }

  /** 3.3 is written, 3.25 is kept: readers see what the model goes on with. */
  @Test
  @Tapped(profile = PROFILE)
  void aStorageThatRoundsShowsWhatItKept(Run run) {
    List<Float> seen = new ArrayList<>();
    run.on("stored", Phase.READ_BEFORE, a -> seen.add(a.copy()[0][0]));
    run.on("stored", Phase.REPLACE, a -> a.write(0, new float[] {3.3f}));
    run.on("stored", Phase.READ_AFTER, a -> seen.add(a.copy()[0][0]));
    assertEquals(4.25f, forward(Habit.STORES_BLOCKS));
    assertEquals(List.of(6f, 3.25f), seen);
  }

  @Test
  @Tapped(profile = PROFILE)
  void anUnmodifiedValueOfARoundingStorageComesBackAsItWas(Run run) {
    run.on("stored", Phase.REPLACE, a -> a.set(a.copy()));
    assertEquals(7f, forward(Habit.STORES_BLOCKS));
  }

  @Test
  @Tapped(profile = PROFILE)
  void firesAreCountedPerRunAndNotPerModel(Run run) {
    run.on("caught", Phase.READ_AFTER, a -> {});
    Habits model = new Habits(Habit.CATCHES_EXCEPTIONS);
    forward(model);
    forward(model);
    assertEquals(Map.of("caught", 2L), named(run));
    try (Run other = Taps.open(PROFILE)) {
      other.on("caught", Phase.READ_AFTER, a -> {});
      forward(model);
      assertEquals(Map.of("caught", 1L), named(other));
    }
  }

  private static Map<String, Long> named(Run run) {
    return run.fires().entrySet().stream()
        .collect(
            java.util.stream.Collectors.toMap(e -> e.getKey().toString(), Map.Entry::getValue));
  }
}
