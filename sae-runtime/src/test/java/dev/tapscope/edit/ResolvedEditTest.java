package dev.tapscope.edit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.sae.SaeStats;
import dev.tapscope.tap.TapscopeException;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ResolvedEditTest {
  private static final float[] MAX = {2, 8, 4, 0};
  private static final Supplier<Optional<SaeStats>> STATS =
      () -> Optional.of(SaeStats.of(MAX, MAX, MAX, Map.of("mean_norm", "30")));

  @ParameterizedTest
  @CsvSource({"steer a/1 40, 40", "steer a/1 1.25x, 10", "clamp a/2 0.5x, 2", "steer a/0 0.5n, 15"})
  void countsInTheSitesOwnUnits(String edit, double value) {
    assertEquals(value, resolve(edit).value().orElseThrow());
  }

  @ParameterizedTest
  @CsvSource({
    "steer a/1 5, 3, true, 5",
    "steer a/1 5, 0, false, 5",
    "ablate a/1, 3, true, -3",
    "ablate a/1, 0, false, 0",
    "clamp a/1 5, 3, true, 2",
    "clamp a/1 5, 0, false, 5",
    "clamp-active a/1 5, 3, true, 2",
    "clamp-active a/1 5, 0, false, 0",
    "splice a, 3, true, 0"
  })
  void addsSoMuchOfTheDecoderRow(String edit, float f, boolean active, float coefficient) {
    assertEquals(coefficient, resolve(edit).coefficient(f, active));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "steer a/1 1.25x @prompt | h += 10 * W_dec[1] at res.3 on the prompt without BOS (1.25"
            + " times the feature's maximum 8)",
        "steer a/1 0.5n | h += 15 * W_dec[1] at res.3 on every position but BOS (0.5 times the"
            + " site's mean norm 30)",
        "ablate a/2 @last | h -= f[2] * W_dec[2] at res.3 on the last position of the prompt",
        "clamp a/1 60 @4 | h += (60 - f[1]) * W_dec[1] at res.3 on position 4",
        "clamp-active a/1 60 @3..5 | h += (60 - f[1]) * W_dec[1] where f[1] > 0 at res.3 on"
            + " positions 3 to 5 without BOS",
        "splice a @generated | h := f @ W_dec + b_dec of a, f as edited at res.3 on generated"
            + " tokens",
        "splice a error @all+bos | h := xhat + (h - xhat), xhat of the edited features of a at"
            + " res.3 on every position",
        "zero res.3 @token:\" Paris\" | h := 0 at res.3 on tokens \" Paris\"",
        "mean res.3 m.npy @generated | h := mean of m.npy at res.3 on generated tokens",
        "add res.3 v.npy | h += vector of v.npy at res.3 on every position but BOS",
        "patch res.3 @last from a#2@last | h := row of a, sequence 2, the last position of the"
            + " prompt at res.3 on the last position of the prompt",
        "patch res.3 @4 from a#2@7 | h := row of a, sequence 2, position 7 at res.3 on position 4",
        "patch res.3 @1..2 from a#0@5..6 | h := row of a, sequence 0, positions 5 to 6 at res.3 on"
            + " positions 1 to 2 without BOS"
      })
  void saysTheFormulaAndTheUnit(String edit, String formula) {
    assertEquals(formula, resolve(edit).describe());
  }

  @ParameterizedTest
  @CsvSource({"steer a/1 1x, maximum", "clamp a/1 0.5n, mean_norm"})
  void unitsOfStatisticsNeedStatistics(String edit, String sentencePart) {
    TapscopeException e =
        assertThrows(
            TapscopeException.class,
            () -> ResolvedEdit.of(Edit.parse(edit), "res.3", Optional::empty));
    assertEquals("stats-missing", e.id());
    assertTrue(e.getMessage().contains(sentencePart), e.getMessage());
  }

  @Test
  void theMeanNormMayBeMissingFromStatistics() {
    Optional<SaeStats> stats = Optional.of(SaeStats.of(MAX, MAX, MAX, Map.of()));
    TapscopeException e =
        assertThrows(
            TapscopeException.class,
            () -> ResolvedEdit.of(Edit.parse("steer a/1 1n"), "res.3", () -> stats));
    assertEquals("stats-missing", e.id());
  }

  @ParameterizedTest
  @CsvSource({
    "steer a/1 1e39, edit-strength, 2",
    "steer a/1 -1e39, edit-strength, 2",
    "clamp a/1 3e38x, edit-strength, 2",
    "steer a/3 1.25x, stats-dead, 1"
  })
  void refusesStrengthsThatAreNoNumberToAdd(String edit, String id, int exit) {
    TapscopeException e = assertThrows(TapscopeException.class, () -> resolve(edit));
    assertEquals(id, e.id());
    assertEquals(exit, e.exit());
  }

  @Test
  void plainNumbersNeverReadTheStatistics() {
    Supplier<Optional<SaeStats>> stale =
        () -> {
          throw new AssertionError("read");
        };
    assertEquals(
        3e38, ResolvedEdit.of(Edit.parse("steer a/3 3e38"), "res.3", stale).value().orElseThrow());
  }

  private static ResolvedEdit resolve(String edit) {
    return ResolvedEdit.of(Edit.parse(edit), "res.3", STATS);
  }
}
