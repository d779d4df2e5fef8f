package dev.tapscope.endtoend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.fixtures.Difference;
import dev.tapscope.fixtures.Fixtures;
import dev.tapscope.fixtures.GoldenPrompt;
import dev.tapscope.fixtures.Npz;
import dev.tapscope.fixtures.Tensor;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The packaged sample under the packaged agent against what Hugging Face computed. */
class GoldenParityIT {
  private static final double TOLERANCE = 1e-5;

  /** Worst relative difference per site, and where it was. */
  private record Worst(int tensors, Difference difference, String where) {
    static final Worst NONE = new Worst(0, new Difference(0, 0), "");

    Worst and(Difference other, String place) {
      boolean further = other.relative() > difference.relative() || tensors == 0;
      return new Worst(tensors + 1, further ? other : difference, further ? place : where);
    }
  }

  private static final Map<String, Worst> TABLE = new LinkedHashMap<>();

  static Stream<GoldenPrompt> prompts() {
    return GoldenPrompt.all();
  }

  @ParameterizedTest
  @MethodSource("prompts")
  void everySiteAgrees(GoldenPrompt prompt) {
    compare(prompt, Captures.golden(prompt).captured(), "vector");
  }

  @ParameterizedTest
  @ValueSource(strings = {"short", "long"})
  void everySiteAgreesByPlainLoops(String name) {
    GoldenPrompt prompt = GoldenPrompt.named(name);
    Captures.Run run = Captures.all(Captures.generate(prompt, 1).plain(), name + "-plain");
    String said = "The Vector API is not available to this JVM";
    assertEquals(1, run.finished().err().split(said, -1).length - 1, run.finished()::toString);
    compare(prompt, run.captured(), "plain");
  }

  private static void compare(GoldenPrompt prompt, CapturedRun run, String kernels) {
    Map<String, Tensor> golden = prompt.sites();
    assertTrue(golden.size() >= 63, () -> prompt + " has only " + golden.keySet());
    golden.forEach((address, expected) -> {
      Tensor actual = run.rows(address, 0, prompt.positions());
      Difference difference = Difference.between(actual, expected);
      TABLE.merge(
          kernels + " " + Sites.siteOf(address),
          Worst.NONE.and(difference, prompt + " " + address),
          (worst, one) -> worst.and(one.difference, one.where));
      assertTrue(difference.within(TOLERANCE), () -> prompt + " " + address + ": " + difference);
    });
  }

  @ParameterizedTest
  @MethodSource("prompts")
  void theGreedyContinuationAgrees(GoldenPrompt prompt) {
    Npz golden = prompt.arrays();
    Captures.Run run = Captures.golden(prompt);
    Generation generation = Generation.parse(run.finished().out());
    assertArrayEquals(prompt.ids(), generation.promptIds());
    assertArrayEquals(golden.array("greedy_ids").ints(), generation.generatedIds());
    CapturedRun captured = run.captured();
    int last = prompt.ids().length + Captures.GREEDY - 2; // the last token is not fed back
    Difference difference =
        Difference.between(
            captured.rows("logits", 0, last).row(0), golden.array("greedy_last_logits").values());
    assertTrue(difference.within(TOLERANCE), difference::toString);
    int[] fed = Arrays.copyOf(golden.array("greedy_ids").ints(), Captures.GREEDY - 1);
    int[] tokens = captured.tokens(0);
    assertArrayEquals(prompt.ids(), Arrays.copyOf(tokens, prompt.ids().length));
    assertArrayEquals(fed, Arrays.copyOfRange(tokens, prompt.ids().length, tokens.length));
  }

  @Test
  void theLossOfEveryTokenAgrees() {
    List<GoldenPrompt> prompts = prompts().toList();
    List<Score> scores =
        Score.parseAll(
            JvmRun.gemma2("score", "--model", Fixtures.tinyGemma2().toString(), "--json")
                .with("--prompts", Captures.jsonLines(prompts).toString())
                .run()
                .ok()
                .out());
    assertEquals(prompts.size(), scores.size());
    for (int i = 0; i < prompts.size(); i++) {
      GoldenPrompt prompt = prompts.get(i);
      Npz golden = prompt.arrays();
      double[] expected =
          Arrays.stream(golden.array("next_token_logprob").values()).map(p -> -p).toArray();
      Difference difference = Difference.between(scores.get(i).losses(), expected);
      tabulate("token loss", difference, prompt.name());
      assertTrue(difference.within(TOLERANCE), () -> prompt + ": " + difference);
      assertEquals(golden.array("loss").at(0), scores.get(i).meanLoss(), 1e-5);
    }
  }

  private static void tabulate(String what, Difference difference, String where) {
    TABLE.merge(
        what,
        Worst.NONE.and(difference, where),
        (worst, one) -> worst.and(one.difference, one.where));
  }

  @AfterAll
  static void printTable() {
    System.out.printf("%nGolden parity, worst tensor per site (tolerance %.0e)%n", TOLERANCE);
    String heading = "%-22s %8s %10s %10s %10s  %s%n";
    System.out.printf(heading, "site", "tensors", "relative", "|diff|", "max|ref|", "where");
    TABLE.forEach((site, worst) ->
        System.out.printf(
            "%-22s %8d %10.2e %10.2e %10.3g  %s%n",
            site,
            worst.tensors,
            worst.difference.relative(),
            worst.difference.absolute(),
            worst.difference.scale(),
            worst.where));
  }
}
