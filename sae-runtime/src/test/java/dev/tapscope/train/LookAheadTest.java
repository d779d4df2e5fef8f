package dev.tapscope.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.step.Steps;
import dev.tapscope.store.RowSource;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Rows that are drawn while a step is computed elsewhere change nothing: against the same training
 * by steps that this thread computes, which are drawn for one by one.
 */
class LookAheadTest {
  private static final int STEPS = 24;
  private static final SaeMaker HERE = (sizes, method, rows) -> Steps.plain(sizes, method);

  /** Of sources and SAEs, in the order in which it came. */
  private final List<String> log = new ArrayList<>();

  @TempDir private Path folder;
  private Path straight;

  @BeforeEach
  void trainHere() {
    straight = folder.resolve("straight");
    try (Trainer trainer = Trainer.start(plan(), sources(), HERE)) {
      assertTrue(training(trainer, straight).run(() -> false));
    }
    log.clear();
  }

  /** Two SAEs that share a site, a transcoder between two others; features begin anew. */
  private static Plan plan() {
    String common = "width=12 lr=1e-2 lr-warmup=5 lambda-warmup=10 bandwidth=0.1 threshold=0.1 ";
    String anew = "resample-every=5 lambda=1 ";
    return new Plan(
        Course.of(
            Words.line("The test", "steps=%d batch=16 log-every=3 dead-after=30".formatted(STEPS))),
        List.of(
            new Task("one", recipe(common + anew + "site=a")),
            new Task("two", recipe(common + "site=a sparsity=tanh lambda=1e-2")),
            new Task("across", recipe(common + anew + "site=b>c bias=mean"))),
        Map.of("store", "none"));
  }

  private static Recipe recipe(String words) {
    return Recipe.of(Words.line("The test", words));
  }

  private Map<String, RowSource> sources() {
    Map<String, RowSource> sources = new LinkedHashMap<>();
    sources.put("a", listened("a", new PlantedRows(8, 10, 2, 5)));
    sources.put(
        "b>c",
        listened(
            "b>c", new PairedRows(new PlantedRows(6, 10, 2, 6), new PlantedRows(9, 10, 2, 7))));
    return sources;
  }

  private RowSource listened(String site, RowSource rows) {
    return new HeardRows(rows, () -> log.add(site));
  }

  private static Training training(Trainer trainer, Path folder) {
    return new Training(trainer, folder, Duration.ofHours(1), false, metrics -> {});
  }

  private void assertStraight(Path other) throws IOException {
    for (String file : List.of(Checkpoint.FILE, MetricsLog.FILE)) {
      assertEquals(-1, Files.mismatch(straight.resolve(file), other.resolve(file)), file);
    }
    assertTrue(
        Files.readAllLines(straight.resolve(MetricsLog.FILE)).stream()
            .anyMatch(line -> line.matches(".*\"resampled\":[1-9].*")),
        "nothing began anew");
  }

  @Test
  void itGivesTheSameBits() throws IOException {
    Path ahead = folder.resolve("ahead");
    try (Trainer trainer = Trainer.start(plan(), sources(), Elsewhere.maker(log))) {
      assertTrue(training(trainer, ahead).run(() -> false));
    }
    assertStraight(ahead);
  }

  /** The batches of a step come between the begin and the end of the step before it. */
  @Test
  void rowsAreDrawnWhileStepsAreComputed() {
    try (Trainer trainer = Trainer.start(plan(), sources(), Elsewhere.maker(log))) {
      log.clear();
      while (!trainer.finished()) {
        trainer.next();
      }
    }
    List<String> begin = Collections.nCopies(3, "begin");
    List<String> finish = Collections.nCopies(3, "finish");
    List<String> wanted = new ArrayList<>(List.of("a", "b>c"));
    for (int step = 0; step < STEPS; step++) {
      wanted.addAll(begin);
      if (step < STEPS - 1) {
        wanted.addAll(List.of("a", "b>c", "expect", "expect", "expect"));
      }
      wanted.addAll(finish);
    }
    assertEquals(wanted, log);
  }

  /** Wherever it is left, a checkpoint neither holds nor misses the rows drawn ahead. */
  @Test
  void aCheckpointOfAnyStepIsThatOfStepsHere() throws IOException {
    for (int stop = 0; stop <= STEPS; stop++) {
      Path here = folder.resolve("here-" + stop);
      Path ahead = folder.resolve("ahead-" + stop);
      int steps = stop;
      try (Trainer trainer = Trainer.start(plan(), sources(), HERE)) {
        training(trainer, here).run(() -> trainer.step() == steps);
      }
      try (Trainer trainer = Trainer.start(plan(), sources(), Elsewhere.maker(log))) {
        training(trainer, ahead).run(() -> trainer.step() == steps);
      }
      Path file = ahead.resolve(Checkpoint.FILE);
      assertEquals(-1, Files.mismatch(here.resolve(Checkpoint.FILE), file), "after " + stop);
      Checkpoint checkpoint = Checkpoint.read(file);
      assertEquals(stop, checkpoint.step());
      try (Trainer trainer = Trainer.resume(file, checkpoint, sources(), Elsewhere.maker(log))) {
        assertTrue(training(trainer, ahead).run(() -> false));
      }
      assertStraight(ahead);
    }
  }

  /** Whichever site it is, and whether or not it is asked ahead: no step is lost, none repeated. */
  @ParameterizedTest
  @CsvSource({"a, false", "b>c, false", "a, true", "b>c, true"})
  void aSourceThatHasNoRowsCostsNoStep(String site, boolean ahead) throws IOException {
    Path broken = folder.resolve("broken");
    Map<String, RowSource> sources = sources();
    sources.put(
        site,
        new DisturbedRows(
            sources.get(site),
            9,
            draw ->
                () -> {
                  throw TapscopeException.failed("model-stopped", "The model is gone.");
                }));
    SaeMaker maker = ahead ? Elsewhere.maker(log) : HERE;
    try (Trainer trainer = Trainer.start(plan(), sources, maker)) {
      Training training = training(trainer, broken);
      TapscopeException e = assertThrows(TapscopeException.class, () -> training.run(() -> false));
      assertEquals("model-stopped", e.id());
      assertTrue(trainer.betweenSteps());
      assertEquals(OptionalLong.of(8), trainer.kept());
      assertThrows(TapscopeException.class, trainer::next, "no rows are passed over");
    }
    Path file = broken.resolve(Checkpoint.FILE);
    assertEquals(8, Checkpoint.read(file).step());
    try (Trainer trainer = Trainer.resume(file, Checkpoint.read(file), sources(), maker)) {
      assertTrue(training(trainer, broken).run(() -> false));
    }
    assertStraight(broken);
  }

  @Test
  void stepsHereDrawNothingAhead() {
    try (Trainer trainer = Trainer.start(plan(), sources(), HERE)) {
      log.clear();
      trainer.next();
      trainer.next();
      assertEquals(List.of("a", "b>c", "a", "b>c"), log);
      assertFalse(trainer.finished());
    }
  }
}
