package dev.tapscope.endtoend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.fixtures.Difference;
import dev.tapscope.fixtures.Fixtures;
import dev.tapscope.fixtures.GoldenPrompt;
import dev.tapscope.fixtures.Tensor;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.IntPredicate;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every edit and every scope: the edited rows are worked out by hand from the rows of the same
 * prompt without an edit.
 */
class EditsIT {
  private static final SaeByHand SAE = SaeByHand.read(Fixtures.resSae());
  private static final GoldenPrompt PROMPT = GoldenPrompt.named("short"); // The City of Light is
  private static final int PROMPT_ONLY = 1; // the one new token is not fed back
  private static final int NEW_TOKENS = 6;
  private static final int FRANCE = 76;
  private static final Map<String, CapturedRun> CLEAN = new HashMap<>();

  /** Edits of the residual stream after layer 3, each with the row it should make of a row. */
  static Stream<Arguments> edits() {
    return Stream.of(
        edit("steer l9/76 40", x -> SAE.plus(x, 40, FRANCE)),
        edit("steer l9/76 -3.5", x -> SAE.plus(x, -3.5, FRANCE)),
        edit("steer l9/76 1.25x", x -> SAE.plus(x, 1.25 * SAE.max(FRANCE), FRANCE)),
        edit("steer l9/76 0.5n", x -> SAE.plus(x, 0.5 * SAE.meanNorm(), FRANCE)),
        edit("ablate l9/76", x -> SAE.plus(x, -SAE.features(x)[FRANCE], FRANCE)),
        edit("clamp l9/76 60", x -> SAE.plus(x, 60 - SAE.features(x)[FRANCE], FRANCE)),
        edit("clamp l9/76 1x", x -> SAE.plus(x, SAE.max(FRANCE) - SAE.features(x)[FRANCE], FRANCE)),
        edit("clamp-active l9/76 60", EditsIT::clampedWhereActive),
        edit("splice l9", SAE::reconstruction),
        edit("splice l9 error", x -> x));
  }

  private static Arguments edit(String words, UnaryOperator<double[]> byHand) {
    return Arguments.of(words, byHand);
  }

  private static double[] clampedWhereActive(double[] x) {
    double value = SAE.features(x)[FRANCE];
    return value == 0 ? x : SAE.plus(x, 60 - value, FRANCE);
  }

  @ParameterizedTest
  @MethodSource("edits")
  void rowsAreWhatTheFormulaSays(String edit, UnaryOperator<double[]> byHand) {
    check("res.3", edit, PROMPT_ONLY, position -> position > 0, byHand);
  }

  /**
   * BOS is position 0, the prompt has six tokens, five of the six new ones are computed. The
   * strength is too small to change a token, so that the rows before the edit stay the same.
   */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "@all           | 1 2 3 4 5 6 7 8 9 10",
        "@all+bos       | 0 1 2 3 4 5 6 7 8 9 10",
        "@prompt        | 1 2 3 4 5",
        "@generated     | 6 7 8 9 10",
        "@last          | 5",
        "@3             | 3",
        "@2..4          | 2 3 4",
        "@4..8          | 4 5 6 7 8",
        "@token:\" Light\" | 4"
      })
  void scopesSelectPositions(String scope, String positions) {
    int[] expected = Stream.of(positions.split(" ")).mapToInt(Integer::parseInt).toArray();
    check(
        "res.3",
        "steer l9/76 0.5 " + scope,
        NEW_TOKENS,
        position -> Arrays.stream(expected).anyMatch(p -> p == position),
        x -> SAE.plus(x, 0.5, FRANCE));
  }

  @ParameterizedTest
  @ValueSource(strings = {"att.2", "mlp.4", "res.0"})
  void zeroMakesZeros(String address) {
    String edit = "zero " + address;
    check(address, edit, PROMPT_ONLY, position -> position > 0, x -> new double[x.length]);
  }

  /** The transcoder's input is a view of {@code mlp_in}, which must show what was written. */
  @Test
  void whatIsWrittenAtTheTranscodersInputShowsInMlpIn() {
    check(
        "mlp_in.1",
        "zero transcoder_in.1",
        PROMPT_ONLY,
        position -> position > 0,
        x -> new double[x.length]);
  }

  @Test
  void editsOfOneSaeShareOneCleanEncodeAndAddUp() {
    check(
        "res.3",
        PROMPT_ONLY,
        position -> position > 0,
        x -> {
          double[] f = SAE.features(x);
          double[] clamped = SAE.plus(x, 60 - f[FRANCE], FRANCE);
          return SAE.plus(SAE.plus(clamped, 5, FRANCE), -f[286], 286);
        },
        "edit.1=clamp l9/76 60",
        "edit.2=steer l9/76 5",
        "edit.3=ablate l9/286");
  }

  @Test
  void theStageBeforeShowsTheRowsWithoutTheEdit() {
    CapturedRun before = run("res.3", PROMPT_ONLY, "capture.stage=before", "edit.1=ablate l9/76");
    assertArrayEquals(
        clean("res.3", PROMPT_ONLY).rows("res.3", 0).values(), before.rows("res.3", 0).values());
  }

  private static void check(
      String address, String edit, int n, IntPredicate inScope, UnaryOperator<double[]> byHand) {
    CapturedRun after = check(address, n, inScope, byHand, "edit.1=" + edit);
    if (!edit.endsWith("error")) {
      Tensor before = clean(address, n).rows(address, 0);
      Difference change = Difference.between(after.rows(address, 0), before);
      assertFalse(change.within(1e-3), () -> edit + " changed nothing: " + change);
    }
  }

  private static CapturedRun check(
      String address,
      int n,
      IntPredicate inScope,
      UnaryOperator<double[]> byHand,
      String... edits) {
    CapturedRun before = clean(address, n);
    CapturedRun after = run(address, n, edits);
    assertArrayEquals(before.tokens(0), after.tokens(0));
    assertEquals(PROMPT.ids().length + n - 1, after.places(address).size());
    for (CapturedRun.Place place : after.places(address)) {
      int position = place.position();
      double[] row = before.rows(address, 0, position).row(0);
      double[] actual = after.rows(address, 0, position).row(0);
      if (inScope.test(position)) {
        Difference difference = Difference.between(actual, byHand.apply(row));
        assertTrue(
            difference.absolute() <= 1e-5 * Math.max(1, difference.scale()),
            () -> String.join(", ", edits) + " at position " + position + ": " + difference);
      } else {
        assertArrayEquals(row, actual, () -> String.join(", ", edits) + " touched " + position);
      }
    }
    return after;
  }

  private static CapturedRun clean(String address, int n) {
    return CLEAN.computeIfAbsent(address + " " + n, key -> run(address, n));
  }

  private static CapturedRun run(String address, int n, String... options) {
    return Captures.captured(
            Captures.generate(PROMPT, n).brief(),
            "edit",
            Stream.concat(
                    Stream.of("capture=" + address, "sae.l9=res.3 " + Fixtures.resSae()),
                    Stream.of(options))
                .toArray(String[]::new))
        .captured();
  }
}
