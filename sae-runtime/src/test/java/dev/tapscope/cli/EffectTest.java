package dev.tapscope.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.recording.RecordedRun;
import dev.tapscope.recording.RecordedToken;
import dev.tapscope.tap.TapscopeException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class EffectTest {
  /** Logits of the distribution (3/4, 1/4). */
  private static final float[] THREE_TO_ONE = {(float) Math.log(3), 0};

  /** Logits of (1/2, 1/2), shifted, which changes nothing. */
  private static final float[] EVEN = {7, 7};

  @Test
  void divergesByTheFormula() {
    // KL((3/4, 1/4) || (1/2, 1/2)) = 3/4 ln(3/2) + 1/4 ln(1/2) = 0.130812.
    assertEquals(0.130812, LogProbabilities.divergence(THREE_TO_ONE, EVEN), 1e-6);
    // The other way round: 1/2 ln(2/3) + 1/2 ln 2 = 0.143841.
    assertEquals(0.143841, LogProbabilities.divergence(EVEN, THREE_TO_ONE), 1e-6);
    assertEquals(0, LogProbabilities.divergence(EVEN, EVEN));
    assertEquals(0.75, LogProbabilities.probability(THREE_TO_ONE, 0), 1e-7);
    assertEquals(0, LogProbabilities.likeliest(THREE_TO_ONE));
  }

  @Test
  void staysFiniteForLargeLogits() {
    assertEquals(1, LogProbabilities.probability(new float[] {3e38f, -3e38f}, 0));
  }

  @Test
  void comparesOnlyWhereTheContextIsTheSame() {
    // Generated 0 0 1 and 0 1: equal after the prompt and after one token, not after two.
    Trial plain = trial("001", EVEN, EVEN, EVEN, EVEN);
    Trial edited = trial("01", THREE_TO_ONE, EVEN, THREE_TO_ONE);
    Effect effect = Effect.of(plain, edited);
    assertEquals(OptionalInt.of(2), effect.firstDifference());
    assertEquals(2, effect.positions());
    assertEquals(0.143841 / 2, effect.meanDivergence(), 1e-6);
    assertEquals(0.5, effect.before().byDefault(), 1e-7);
    assertEquals(0.75, effect.before().edited(), 1e-7);
  }

  @Test
  void noticesADifferenceInTheLastTokenByTheText() {
    Trial plain = trial("00", "one", EVEN, EVEN, EVEN);
    assertEquals(
        OptionalInt.of(3),
        Effect.of(plain, trial("00", "two", EVEN, EVEN, THREE_TO_ONE)).firstDifference());
    assertEquals(
        OptionalInt.empty(),
        Effect.of(plain, trial("00", "two at noon", EVEN, EVEN, EVEN)).firstDifference(),
        "equal logits give equal tokens, whatever else was printed");
    assertEquals(OptionalInt.empty(), Effect.of(plain, plain).firstDifference());
  }

  @Test
  void comparesBits() {
    Trial zero = trial("0", new float[] {0, 1});
    assertTrue(Effect.identical(zero, trial("0", new float[] {0, 1})));
    assertFalse(Effect.identical(zero, trial("0", new float[] {-0.0f, 1})));
    assertFalse(Effect.identical(zero, trial("0", new float[] {0, Math.nextUp(1f)})));
    assertFalse(Effect.identical(zero, trial("0", new float[] {0, 1}, new float[] {0, 1})));
    assertFalse(Effect.identical(zero, trial("1", new float[] {0, 1})));
    assertTrue(Effect.identical(zero, trial("0", "at noon", new float[] {0, 1})));
    assertTrue(Effect.identical(trial("", "a", EVEN), trial("", "a", EVEN)));
    assertFalse(Effect.identical(trial("", "a", EVEN), trial("", "b", EVEN)));
  }

  @Test
  void takesTheTokenThatWasSampledNotTheLikeliest() {
    Trial sampled = trial("1", THREE_TO_ONE, EVEN);
    Effect.FirstToken first = Effect.of(sampled, sampled).before();
    assertEquals(1, first.id());
    assertTrue(first.sampled());
    assertEquals(0.25, first.byDefault(), 1e-7);
    Trial unseen = trial("", THREE_TO_ONE);
    Effect.FirstToken likeliest = Effect.of(unseen, unseen).before();
    assertEquals(0, likeliest.id());
    assertFalse(likeliest.sampled());
    assertTrue(sampled.beginsLike(trial("10", EVEN, EVEN, EVEN)));
    assertFalse(sampled.beginsLike(trial("0", THREE_TO_ONE, EVEN)), "the same likeliest");
    assertFalse(sampled.beginsLike(unseen));
    assertTrue(unseen.beginsLike(trial("", EVEN)));
  }

  @Test
  void takesTheStrengthOfTheFirstEditWhereverItIsListed() {
    String second = "{\"key\":\"edit.2\",\"value\":3}";
    String first = "{\"key\":\"edit.1\",\"value\":16.5}";
    assertEquals(16.5, Comparison.strength(edits(second + "," + first)));
    TapscopeException e =
        assertThrows(TapscopeException.class, () -> Comparison.strength(edits(second)));
    assertEquals("strength-unrecorded", e.id());
  }

  private static JsonNode edits(String edits) {
    return new JsonMapper().readTree("{\"edits\":[" + edits + "]}");
  }

  private static Trial trial(String generated, float[]... logits) {
    return trial(generated, generated, logits);
  }

  /** A prompt of one token at position 0, then the generated ones; a row of logits at each. */
  private static Trial trial(String generated, String output, float[]... logits) {
    List<RecordedToken> tokens = new ArrayList<>();
    tokens.add(new RecordedToken(0, 0, 0, "p", false, false));
    for (int i = 0; i < generated.length(); i++) {
      char c = generated.charAt(i);
      tokens.add(new RecordedToken(0, tokens.size(), c - '0', "" + c, true, false));
    }
    TreeMap<Integer, float[]> rows = new TreeMap<>();
    for (float[] row : logits) {
      rows.put(rows.size(), row);
    }
    RecordedRun run =
        new RecordedRun(Path.of("run"), new JsonMapper().createObjectNode(), tokens, List.of(), 0);
    return new Trial(output, run, rows);
  }
}
