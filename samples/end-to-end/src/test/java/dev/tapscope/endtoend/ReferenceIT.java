package dev.tapscope.endtoend;

import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.tapscope.fixtures.Difference;
import dev.tapscope.fixtures.Fixtures;
import dev.tapscope.fixtures.GoldenPrompt;
import dev.tapscope.fixtures.Mistake;
import dev.tapscope.fixtures.RandomGemma2;
import dev.tapscope.fixtures.ReferenceGemma2;
import dev.tapscope.fixtures.Tensor;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every site, every position, against the double-precision reference: on the trained model for the
 * sites that have no golden data, and on random models of other shapes.
 */
class ReferenceIT {
  /** Tokens given to the random models. */
  private static final int PROMPT = 50;

  private static final Map<RandomGemma2, Path> MODELS = new EnumMap<>(RandomGemma2.class);

  static Stream<GoldenPrompt> prompts() {
    return GoldenPrompt.all();
  }

  @ParameterizedTest
  @MethodSource("prompts")
  void judgesTheTrainedModel(GoldenPrompt prompt) {
    Comparison comparison =
        Comparison.of(
            Captures.golden(prompt).captured(), ReferenceGemma2.load(Fixtures.tinyGemma2()));
    System.out.printf("reference, %-24s %s%n", prompt, comparison.worst());
    comparison.assertAllWithinTolerance();
  }

  /** Chunks of seven, longer and shorter than the windows, which are of 3 to 24 keys. */
  @ParameterizedTest
  @EnumSource
  void judgesOtherShapes(RandomGemma2 model) {
    judge(model, 7);
  }

  /** The whole prompt in one chunk, which leaves the window. */
  @Test
  void judgesAPromptInOneChunk() {
    judge(RandomGemma2.ODD_HEADS, PROMPT);
  }

  @ParameterizedTest
  @EnumSource
  @Tag("full")
  void judgesEveryShapeInOneChunk(RandomGemma2 model) {
    judge(model, PROMPT);
  }

  private static void judge(RandomGemma2 model, int chunk) {
    Path folder = folder(model);
    JvmRun command =
        Captures.generate(folder, model.prompt(PROMPT), 8).with("--chunk", Integer.toString(chunk));
    Captures.Run run = Captures.all(command, model.name());
    Comparison comparison = Comparison.of(run.captured(), ReferenceGemma2.load(folder));
    System.out.printf("reference, %-24s %s%n", model + ", chunk " + chunk, comparison.worst());
    comparison.assertAllWithinTolerance();
  }

  /** A comparison that no mistake could fail would prove nothing. */
  @ParameterizedTest
  @EnumSource(
      value = Mistake.class,
      mode = EnumSource.Mode.EXCLUDE,
      names = {"QUERY_SCALE_FROM_HEAD_DIM"})
  void noticesTheMistakeOnTheTrainedModel(Mistake mistake) {
    GoldenPrompt prompt = GoldenPrompt.named("long");
    assertNoticed(Captures.golden(prompt), Fixtures.tinyGemma2(), mistake);
  }

  @ParameterizedTest
  @EnumSource(names = {"ODD_HEADS", "HALF"})
  void noticesTheQueryScaleOnModelsWhereItIsNotHeadDim(RandomGemma2 model) {
    Path folder = folder(model);
    JvmRun command = Captures.generate(folder, model.prompt(PROMPT), 1);
    Captures.Run run = Captures.captured(command, model.name(), "capture=logits");
    assertNoticed(run, folder, Mistake.QUERY_SCALE_FROM_HEAD_DIM);
  }

  private static void assertNoticed(Captures.Run run, Path folder, Mistake mistake) {
    CapturedRun captured = run.captured();
    Tensor logits = captured.rows("logits", 0);
    int[] tokens = captured.tokens(0);
    Tensor wrong = ReferenceGemma2.load(folder, mistake).run(tokens).rows("logits");
    Difference difference = Difference.between(logits, wrong);
    assertFalse(difference.within(Comparison.TOLERANCE), difference::toString);
    System.out.printf("mistake %s: %s%n", mistake, difference);
  }

  private static Path folder(RandomGemma2 model) {
    return MODELS.computeIfAbsent(
        model, m -> m.write(Packaged.workFolder("model-" + m.name()).resolve("model")));
  }
}
