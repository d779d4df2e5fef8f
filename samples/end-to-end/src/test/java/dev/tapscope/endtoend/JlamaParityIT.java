package dev.tapscope.endtoend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.fixtures.Difference;
import dev.tapscope.fixtures.Mistake;
import dev.tapscope.fixtures.ReferenceGemma2;
import dev.tapscope.fixtures.Tensor;
import dev.tapscope.fixtures.Trace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The values tapped in Jlama, as it is published, against the double-precision reference: at every
 * site of its profile, in the prompt and while tokens are generated.
 */
class JlamaParityIT {
  private static final double TOLERANCE = 2e-4;
  private static final Map<Integer, CapturedRun> RUNS = new TreeMap<>();

  @ParameterizedTest
  @ValueSource(ints = {24, 200})
  void agreesWithTheReferenceAtEverySite(int length) {
    CapturedRun run = run(length);
    Map<String, Differences> sites = compare(run, length, JlamaRuns.reference());
    assertEquals(1 + JlamaRuns.LAYERED.size(), sites.size());
    System.out.printf(
        "%nJlama, %d tokens and %d generated; worst |difference| over %d layers%n%-10s %12s %12s"
            + " %10s%n",
        length, JlamaRuns.GENERATED, JlamaRuns.layers(), "site", "prompt", "generated", "max|ref|");
    sites.forEach((site, worst) -> System.out.printf("%-10s %s%n", site, worst));
    sites.forEach((site, worst) -> assertTrue(worst.within(TOLERANCE), () -> site + " " + worst));
  }

  /** Batches of 64: one pass whose sites fire four times each. */
  @Test
  void aPromptInBatchesIsOnePass() {
    CapturedRun run =
        JlamaRuns.capture(
            JlamaRuns.generate(200).jvm("-Djlama.max_batch_size=64"),
            "jlama-gemma2",
            "capture=" + JlamaRuns.everySite());
    compare(run, 200, JlamaRuns.reference())
        .forEach((site, worst) -> assertTrue(worst.within(TOLERANCE), () -> site + " " + worst));
    assertEquals(JlamaRuns.GENERATED, run.description().required("passes").intValue());
  }

  @ParameterizedTest
  @ValueSource(ints = {24, 200})
  void knowsTheTokensAndWhoseTheyAre(int length) {
    CapturedRun run = run(length);
    int end = length + JlamaRuns.GENERATED - 1;
    int[] tokens = run.tokens(0);
    assertEquals(end, tokens.length);
    assertArrayEquals(JlamaRuns.prompt(length), Arrays.copyOf(tokens, length), "the prompt's ids");
    assertArrayEquals(JlamaRuns.positions(length, end), run.generatedPositions(0));
  }

  /** What a wrong ordinal costs: behind the second sum the MLP's output is the residual stream. */
  @ParameterizedTest
  @CsvSource({
    "mlp, after  call TransformerBlock.maybeApplyNorm 2 of 3, after  call"
        + " TensorOperations.accumulate 2 of 2",
    "attn_out, after  call TransformerBlock.maybeApplyNorm 1 of 3, after  call"
        + " TensorOperations.accumulate 1 of 2",
    "res, after  call TensorOperations.accumulate 2 of 2, after  call TensorOperations.accumulate 1"
        + " of 2",
  })
  void noticesAWrongOrdinal(String site, String right, String wrong) throws IOException {
    Path profile = mistaken(site, right, wrong);
    CapturedRun run =
        JlamaRuns.capture(
            JlamaRuns.generate(24), profile.toString(), "capture=" + JlamaRuns.everySite());
    compare(run, 24, JlamaRuns.reference())
        .forEach((name, worst) ->
            assertEquals(!name.equals(site), worst.within(TOLERANCE), () -> name + " " + worst));
  }

  /** A model that is wrong is noticed too, not only a tap that is. */
  @ParameterizedTest
  @EnumSource(
      value = Mistake.class,
      names = {
        "NO_ATTENTION_SOFTCAP",
        "EXACT_GELU",
        "NORM_WITHOUT_PLUS_ONE",
        "NO_POST_NORMS",
        "ROPE_INTERLEAVED",
        "KV_HEADS_INTERLEAVED",
        "NO_EMBEDDING_SCALE"
      })
  void noticesAWrongModel(Mistake mistake) {
    ReferenceGemma2 wrong = ReferenceGemma2.load(JlamaRuns.model(), mistake);
    Differences res = compare(run(200), 200, wrong).get("res");
    assertFalse(res.within(TOLERANCE), res::toString);
  }

  private static synchronized CapturedRun run(int length) {
    return RUNS.computeIfAbsent(
        length,
        n ->
            JlamaRuns.capture(
                JlamaRuns.generate(n), "jlama-gemma2", "capture=" + JlamaRuns.everySite()));
  }

  /** Per site, the worst of its layers. */
  private static Map<String, Differences> compare(
      CapturedRun run, int prompt, ReferenceGemma2 reference) {
    int end = prompt + JlamaRuns.GENERATED - 1;
    Trace trace = reference.run(run.tokens(0));
    assertEquals(
        1 + JlamaRuns.LAYERED.size() * JlamaRuns.layers(), run.rowAddresses().size(), "addresses");
    Map<String, Differences> sites = new LinkedHashMap<>();
    for (String address : trace.rowAddresses()) {
      if (run.rowAddresses().contains(address)) {
        Tensor expected = trace.rows(address);
        Differences here =
            new Differences(
                difference(run, address, expected, JlamaRuns.positions(0, prompt)),
                difference(run, address, expected, JlamaRuns.positions(prompt, end)));
        sites.merge(Sites.siteOf(address), here, Differences::and);
      }
    }
    return sites;
  }

  private static Difference difference(
      CapturedRun run, String address, Tensor expected, int[] positions) {
    return Difference.between(run.rows(address, 0, positions), expected.select(positions));
  }

  private record Differences(Difference prompt, Difference generated) {
    Differences and(Differences other) {
      return new Differences(prompt.and(other.prompt), generated.and(other.generated));
    }

    /** Absolutely and against the largest value. */
    boolean within(double tolerance) {
      Difference worst = prompt.and(generated);
      return worst.absolute() <= tolerance && worst.within(tolerance);
    }

    @Override
    public String toString() {
      return "%12.2e %12.2e %10.3g"
          .formatted(prompt.absolute(), generated.absolute(), prompt.and(generated).scale());
    }
  }

  private static Path mistaken(String site, String right, String wrong) throws IOException {
    String text =
        Files.readString(
            Packaged.classes("instrument-agent").resolve("dev/tapscope/profile/jlama-gemma2.taps"));
    int tap = text.indexOf("tap " + site + "\n");
    int place = text.indexOf(right, tap);
    assertTrue(tap >= 0 && place > tap, site);
    String local = site.equals("mlp") ? "lnpostFF" : "lnattn";
    String changed =
        text.substring(0, place)
            + text.substring(place)
                .replaceFirst(Pattern.quote(right), wrong)
                .replaceFirst("value  (return|local \\w+)", "value  local " + local);
    return Files.writeString(Packaged.workFolder("profile").resolve("mistaken.taps"), changed);
  }
}
