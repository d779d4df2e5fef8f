package dev.tapscope.live;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.step.Steps;
import dev.tapscope.train.Checkpoint;
import dev.tapscope.train.Course;
import dev.tapscope.train.Elsewhere;
import dev.tapscope.train.Plan;
import dev.tapscope.train.Recipe;
import dev.tapscope.train.SaeMaker;
import dev.tapscope.train.Task;
import dev.tapscope.train.Trainer;
import dev.tapscope.train.Words;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Training on a model that runs meanwhile, by steps that are computed elsewhere: its sites are
 * drawn from in turn, and buffers are filled, while a step is under way.
 */
class LiveLookAheadTest {
  private static final int STEPS = 15;
  private static final int BUFFER = 4;
  private static final SaeMaker HERE = (sizes, method, rows) -> Steps.plain(sizes, method);
  private static final SaeMaker ELSEWHERE = Elsewhere.maker(new ArrayList<>());

  @TempDir private Path folder;

  /** Epochs end within batches, and buffers do. */
  private static Texts texts() {
    return new Texts(new int[] {3, 1}, new int[] {0}, new int[] {4, 3});
  }

  private static Plan plan() {
    String common = "width=5 lr=1e-2 lr-warmup=5 lambda-warmup=4 bandwidth=0.1 threshold=0.1 site=";
    return new Plan(
        Course.of(Words.line("The test", "steps=%d batch=3 buffer=%d".formatted(STEPS, BUFFER))),
        List.of(
            new Task("one", Recipe.of(Words.line("The test", common + "a"))),
            new Task("across", Recipe.of(Words.line("The test", common + "a>b")))),
        Map.of());
  }

  /** Trains from a checkpoint, or from the beginning, until a step or to the end. */
  private static Path train(SaeMaker maker, Path file, boolean resume, OptionalInt until) {
    try (LiveRows rows = texts().rows(7, BUFFER, "a", "a>b");
        Trainer trainer =
            resume
                ? Trainer.resume(file, Checkpoint.read(file), rows.sources(), maker)
                : Trainer.start(plan(), rows.sources(), maker)) {
      while (!trainer.finished() && trainer.step() != until.orElse(-1)) {
        trainer.next();
      }
      trainer.save(file);
    }
    return file;
  }

  @Test
  void itGivesTheSameBitsWhereverItIsGoneOnWith() throws IOException {
    Path straight = train(HERE, folder.resolve("straight"), false, OptionalInt.empty());
    for (int stop = 0; stop <= STEPS; stop++) {
      OptionalInt until = OptionalInt.of(stop);
      Path here = train(HERE, folder.resolve("here-" + stop), false, until);
      Path ahead = train(ELSEWHERE, folder.resolve("ahead-" + stop), false, until);
      assertEquals(-1, Files.mismatch(here, ahead), "after " + stop);
      train(ELSEWHERE, ahead, true, OptionalInt.empty());
      assertEquals(-1, Files.mismatch(straight, ahead), "gone on with after " + stop);
    }
    assertTrue(
        Checkpoint.read(straight).places().get("a").contains("epoch 4"),
        Checkpoint.read(straight).places()::toString);
  }
}
