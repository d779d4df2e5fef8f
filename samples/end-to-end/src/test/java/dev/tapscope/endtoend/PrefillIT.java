package dev.tapscope.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.fixtures.Difference;
import dev.tapscope.fixtures.Fixtures;
import dev.tapscope.fixtures.GoldenPrompt;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** However a prompt is cut into passes, the same rows come out, once each. */
class PrefillIT {
  private static final GoldenPrompt PROMPT = GoldenPrompt.named("long");

  /**
   * Token by token, in odd pieces, in one batch; against the default, two pieces of which one is
   * full.
   */
  @ParameterizedTest
  @ValueSource(ints = {1, 7, 1000})
  void chunksMakeNoDifference(int chunk) {
    CapturedRun whole = Captures.golden(PROMPT).captured();
    JvmRun command =
        Captures.generate(PROMPT, Captures.GREEDY).with("--chunk", Integer.toString(chunk));
    CapturedRun cut = Captures.all(command, "chunk-" + chunk).captured();
    assertEquals(whole.rowAddresses(), cut.rowAddresses());
    for (String address : whole.rowAddresses()) {
      assertEquals(whole.places(address), cut.places(address), address);
      Difference difference = Difference.between(cut.rows(address, 0), whole.rows(address, 0));
      assertTrue(difference.within(1e-5), () -> address + ": " + difference);
    }
    assertEquals(whole.attentionAddresses(), cut.attentionAddresses());
    for (String address : whole.attentionAddresses()) {
      assertSameAttention(address, cut, whole);
    }
  }

  private static void assertSameAttention(String address, CapturedRun cut, CapturedRun whole) {
    for (int position = 0; position < PROMPT.ids().length; position++) {
      int p = position;
      var expected = whole.attention(address, 0, position);
      var actual = cut.attention(address, 0, position);
      assertEquals(expected.keySet(), actual.keySet());
      expected.forEach((head, keys) -> {
        assertEquals(keys.firstKey(), actual.get(head).firstKey());
        Difference difference = Difference.between(actual.get(head).values(), keys.values());
        assertTrue(
            difference.absolute() <= 1e-5 * Math.max(1, difference.scale()),
            () -> address + " position " + p + " head " + head + ": " + difference);
      });
    }
  }

  /** The prompt of 235 tokens and 49 of the 50 new ones are computed; the 50th is not fed back. */
  @Test
  void everySiteHasOneRowForEachComputedPosition() {
    int computed = PROMPT.ids().length + 49;
    CapturedRun run =
        Captures.all(Captures.generate(PROMPT, 50), "one-row-per-position").captured();
    Set<String> sites = new TreeSet<>();
    for (String address : run.rowAddresses()) {
      assertEquals(positions(0, computed), run.places(address), address);
      sites.add(Sites.siteOf(address));
    }
    for (String address : run.attentionAddresses()) {
      for (int position = 0; position < computed; position++) {
        assertEquals(4, run.attention(address, 0, position).size(), address);
      }
      sites.add(Sites.siteOf(address));
    }
    Set<String> expected = new TreeSet<>(Sites.LAYERED);
    expected.addAll(Sites.ATTENTION);
    expected.addAll(Sites.UNLAYERED);
    assertEquals(expected, sites);
    assertEquals(6 * (Sites.LAYERED.size()) + 3, run.rowAddresses().size());
    assertEquals(6 * Sites.ATTENTION.size(), run.attentionAddresses().size());
    assertEquals(49, run.generatedPositions(0).length);
    assertEquals(PROMPT.ids().length, run.generatedPositions(0)[0]);
  }

  /** Without {@code --all-logits} the prompt's logits are made for its last position only. */
  @Test
  void logitsHaveRowsWhereTheModelMadeThem() {
    int length = PROMPT.ids().length;
    JvmRun command =
        JvmRun.gemma2("generate", "--model", Fixtures.tinyGemma2().toString(), "--ignore-eos")
            .with("--ids", Captures.join(PROMPT.ids()), "-n", "50", "--json", "--chunk", "50");
    CapturedRun run =
        Captures.captured(command, "last-logits", "capture=res.5+final_norm+logits").captured();
    assertEquals(positions(0, length + 49), run.places("res.5"));
    assertEquals(positions(length - 1, length + 49), run.places("final_norm"));
    assertEquals(positions(length - 1, length + 49), run.places("logits"));
  }

  private static List<CapturedRun.Place> positions(int from, int to) {
    List<CapturedRun.Place> places = new ArrayList<>();
    for (int position = from; position < to; position++) {
      places.add(new CapturedRun.Place(0, position));
    }
    return places;
  }
}
