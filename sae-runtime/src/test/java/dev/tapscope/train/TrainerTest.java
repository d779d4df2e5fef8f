package dev.tapscope.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.step.Batch;
import dev.tapscope.step.Steps;
import dev.tapscope.store.RowSource;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainerTest {
  private static final SaeMaker PLAIN = (sizes, method, rows) -> Steps.plain(sizes, method);
  private static final Map<String, String> FAST =
      Map.of(
          "site",
          "a",
          "width",
          "12",
          "lr",
          "1e-2",
          "lr-warmup",
          "5",
          "lambda-warmup",
          "10",
          "bandwidth",
          "0.1",
          "threshold",
          "0.1",
          "lambda",
          "1e-2");

  @TempDir private Path folder;

  private static Words words(Map<String, String> more) {
    return Words.of("The test", FAST).then(Words.of("The test", more));
  }

  private static Plan plan(Map<String, String> course) {
    Course whole =
        Course.of(
            Words.of("The test", Map.of("steps", "40", "batch", "16", "log-every", "1"))
                .then(Words.of("The test", course)));
    return new Plan(
        whole,
        List.of(
            new Task("one", Recipe.of(words(Map.of()))),
            new Task("two", Recipe.of(words(Map.of("width", "7", "sparsity", "tanh")))),
            new Task("other", Recipe.of(words(Map.of("site", "b", "bias", "mean"))))),
        Map.of("store", "none"));
  }

  private static Map<String, RowSource> sources() {
    Map<String, RowSource> sources = new LinkedHashMap<>();
    sources.put("a", new PlantedRows(8, 10, 2, 5));
    sources.put("b", new PlantedRows(6, 10, 2, 6));
    return sources;
  }

  private static Training training(Trainer trainer, Path folder) {
    return new Training(trainer, folder, Duration.ofHours(1), false, metrics -> {});
  }

  @Test
  void resumedItTrainsTheSameBits() throws IOException {
    Path straight = folder.resolve("straight");
    try (Trainer trainer = Trainer.start(plan(Map.of()), sources(), PLAIN)) {
      assertTrue(training(trainer, straight).run(() -> false));
    }
    Path broken = folder.resolve("broken");
    try (Trainer trainer = Trainer.start(plan(Map.of()), sources(), PLAIN)) {
      assertFalse(training(trainer, broken).run(() -> trainer.step() == 17));
      // Killed later: lines of steps that no checkpoint knows, one of them cut off.
      Files.writeString(
          broken.resolve("metrics.jsonl"),
          Files.readString(broken.resolve("metrics.jsonl")) + "{\"step\":18,\"l0\":1}\n{\"st");
    }
    Path file = broken.resolve(Checkpoint.FILE);
    Checkpoint checkpoint = Checkpoint.read(file);
    assertEquals(17, checkpoint.step());
    assertEquals(plan(Map.of()), checkpoint.plan());
    try (Trainer trainer = Trainer.resume(file, checkpoint, sources(), PLAIN)) {
      assertTrue(training(trainer, broken).run(() -> false));
    }
    assertEquals(-1, Files.mismatch(straight.resolve(Checkpoint.FILE), file));
    assertEquals(
        -1, Files.mismatch(straight.resolve("metrics.jsonl"), broken.resolve("metrics.jsonl")));
    assertEquals(3 * 40, Files.readAllLines(straight.resolve("metrics.jsonl")).size());
  }

  @Test
  void anSaeTrainsTheSameAloneAndInCompany() {
    Plan all = plan(Map.of());
    Plan alone = new Plan(all.course(), List.of(all.tasks().getLast()), all.origin());
    try (Trainer together = Trainer.start(all, sources(), PLAIN);
        Trainer single = Trainer.start(alone, sources(), PLAIN)) {
      for (int i = 0; i < 10; i++) {
        assertEquals(single.next().getLast(), together.next().getLast());
      }
    }
  }

  @Test
  void aLossThatIsNotFiniteStopsItAndKeepsTheCheckpoint() throws IOException {
    Map<String, RowSource> sources = sources();
    sources.put("a", new DisturbedRows(sources.get("a"), 9, draw -> () -> poisoned(draw.get())));
    try (Trainer trainer = Trainer.start(plan(Map.of()), sources, PLAIN)) {
      TapscopeException e =
          assertThrows(TapscopeException.class, () -> training(trainer, folder).run(() -> false));
      assertEquals("loss-nonfinite", e.id());
      assertTrue(e.getMessage().contains("SAE one is not finite at step 9 "), e.getMessage());
    }
    assertEquals(0, Checkpoint.read(folder.resolve(Checkpoint.FILE)).step());
    assertEquals(3 * 8, Files.readAllLines(folder.resolve("metrics.jsonl")).size());
  }

  private static Batch poisoned(Batch batch) {
    batch.x().setAtIndex(ValueLayout.JAVA_FLOAT, 3, Float.NaN);
    return batch;
  }

  /** As of a model that dies while it is trained on: what has been trained by then is kept. */
  @Test
  void aSourceThatHasNoRowsCostsNoStep() throws IOException {
    Path straight = folder.resolve("straight");
    try (Trainer trainer = Trainer.start(plan(Map.of()), sources(), PLAIN)) {
      assertTrue(training(trainer, straight).run(() -> false));
    }
    for (boolean stopped : new boolean[] {false, true}) {
      Path broken = folder.resolve("broken-" + stopped);
      boolean[] stop = {false};
      Map<String, RowSource> sources = sources();
      sources.put(
          "a",
          new DisturbedRows(
              sources.get("a"),
              9,
              draw ->
                  () -> {
                    stop[0] = stopped;
                    throw TapscopeException.failed("model-stopped", "The model is gone.");
                  }));
      try (Trainer trainer = Trainer.start(plan(Map.of()), sources, PLAIN)) {
        Training training = training(trainer, broken);
        if (stopped) {
          assertFalse(training.run(() -> stop[0]));
        } else {
          TapscopeException e =
              assertThrows(TapscopeException.class, () -> training.run(() -> stop[0]));
          assertEquals("model-stopped", e.id());
        }
        assertTrue(trainer.betweenSteps());
        assertEquals(OptionalLong.of(8), trainer.kept());
      }
      Path file = broken.resolve(Checkpoint.FILE);
      assertEquals(8, Checkpoint.read(file).step());
      try (Trainer trainer = Trainer.resume(file, Checkpoint.read(file), sources(), PLAIN)) {
        assertTrue(training(trainer, broken).run(() -> false));
      }
      assertEquals(-1, Files.mismatch(straight.resolve(Checkpoint.FILE), file));
      assertEquals(
          -1, Files.mismatch(straight.resolve("metrics.jsonl"), broken.resolve("metrics.jsonl")));
    }
  }

  @Test
  void aCheckpointThatCannotBeWrittenLeavesTheOneBefore() throws IOException {
    try (Trainer trainer = Trainer.start(plan(Map.of()), sources(), PLAIN)) {
      Path file = folder.resolve(Checkpoint.FILE);
      trainer.save(file);
      byte[] before = Files.readAllBytes(file);
      trainer.next();
      Files.createDirectory(folder.resolve(Checkpoint.FILE + ".tmp"));
      TapscopeException e = assertThrows(TapscopeException.class, () -> trainer.save(file));
      assertEquals("file-unwritable", e.id());
      assertEquals(before.length, Files.size(file));
      assertEquals(0, Checkpoint.read(file).step());
    }
  }

  @Test
  void aCheckpointOfOtherSizesIsRefused() {
    Path file = folder.resolve(Checkpoint.FILE);
    try (Trainer trainer = Trainer.start(plan(Map.of()), sources(), PLAIN)) {
      trainer.save(file);
    }
    Map<String, RowSource> wider = sources();
    wider.put("a", new PlantedRows(9, 10, 2, 5));
    TapscopeException e =
        assertThrows(
            TapscopeException.class,
            () -> Trainer.resume(file, Checkpoint.read(file), wider, PLAIN));
    assertEquals("checkpoint-unreadable", e.id());
    assertTrue(
        e.getMessage().contains("one/W_enc is F64 [12, 8], where this training has F64 [12, 9]"),
        e.getMessage());
  }
}
