package dev.tapscope.endtoend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.fixtures.Difference;
import dev.tapscope.fixtures.Fixtures;
import dev.tapscope.fixtures.GoldenPrompt;
import java.util.Arrays;
import java.util.function.IntPredicate;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every edit at every scope: the edited rows are worked out by hand from the rows before the edit.
 * Both are captured from the same command, {@code capture.stage} apart.
 */
class EditsIT {
  private static final SaeByHand SAE = SaeByHand.read(Fixtures.resSae());
  private static final GoldenPrompt PROMPT = GoldenPrompt.named("short"); // The City of Light is
  private static final int NEW_TOKENS = 6;
  private static final int FRANCE = 76;

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
    check("res.3", edit, position -> position > 0, byHand);
  }

  /** BOS is position 0, the prompt has six tokens, five of the six new ones are computed. */
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
        "steer l9/76 40 " + scope,
        position -> Arrays.stream(expected).anyMatch(p -> p == position),
        x -> SAE.plus(x, 40, FRANCE));
  }

  @ParameterizedTest
  @CsvSource({"att.2", "mlp.4", "res.0"})
  void zeroMakesZeros(String address) {
    check(
        address, "zero " + address + " @prompt", p -> p >= 1 && p <= 5, x -> new double[x.length]);
  }

  private static void check(
      String address, String edit, IntPredicate inScope, UnaryOperator<double[]> byHand) {
    CapturedRun before = run(address, edit, "before");
    CapturedRun after = run(address, edit, "after");
    assertArrayEquals(before.tokens(0), after.tokens(0));
    int computed = PROMPT.ids().length + NEW_TOKENS - 1;
    assertEquals(computed, before.places(address).size());
    double[][] expected =
        IntStream.range(0, computed)
            .mapToObj(p -> before.rows(address, 0, p).row(0))
            .toArray(double[][]::new);
    for (int position = 0; position < computed; position++) {
      if (inScope.test(position)) {
        expected[position] = byHand.apply(expected[position]);
      }
    }
    for (int position = 0; position < computed; position++) {
      double[] actual = after.rows(address, 0, position).row(0);
      Difference difference = Difference.between(actual, expected[position]);
      int p = position;
      if (inScope.test(position)) {
        assertTrue(
            difference.absolute() <= 1e-5 * Math.max(1, difference.scale()),
            () -> edit + " position " + p + ": " + difference);
      } else {
        assertArrayEquals(expected[position], actual, () -> edit + " touched position " + p);
      }
    }
    if (!edit.endsWith("error")) {
      Difference change = Difference.between(after.rows(address, 0), before.rows(address, 0));
      assertFalse(change.within(1e-4), () -> edit + " changed nothing: " + change);
    }
  }

  private static CapturedRun run(String address, String edit, String stage) {
    return Captures.captured(
            Captures.generate(PROMPT, NEW_TOKENS),
            "edit-" + stage,
            "capture=" + address,
            "capture.stage=" + stage,
            "sae.l9=res.3 " + Fixtures.resSae(),
            "edit.1=" + edit)
        .captured();
  }
}
