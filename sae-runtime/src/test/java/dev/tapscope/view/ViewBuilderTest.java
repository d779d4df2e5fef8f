package dev.tapscope.view;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.tap.TapscopeException;
import dev.tapscope.view.TokenView.Feature;
import dev.tapscope.view.TokenView.Sheet;
import dev.tapscope.view.ViewOptions.FeatureName;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class ViewBuilderTest {
  private final Sheet sheet = HandMade.view().sheets().getFirst();

  @Test
  void countsActiveFeaturesWithoutBos() {
    // 2 + 2 + 1 + 0 + 1 + 1 + 3 over seven tokens; BOS alone has 3.
    assertEquals(10 / 7.0, sheet.l0(), 1e-12);
    assertEquals(3, sheet.folded().bosFeatures());
    assertEquals(List.of(3, 2, 2, 1, 0, 1, 1, 3), sheet.active());
  }

  @Test
  void foldsWhatIsDenserThanTenPercentButNotTenItself() {
    assertEquals(Optional.of(1), sheet.folded().dense());
    assertTrue(sheet.feature(0).orElseThrow().dense());
    assertFalse(sheet.feature(3).orElseThrow().dense());
  }

  @Test
  void marksWhatFiresAtBosAlone() {
    Feature atBos = sheet.feature(4).orElseThrow();
    assertTrue(atBos.bosOnly());
    assertEquals(0, atBos.tokens());
    assertEquals(0, atBos.max());
    assertFalse(sheet.feature(2).orElseThrow().bosOnly());
  }

  @Test
  void scalesByTheFeaturesOwnMaximum() {
    assertEquals(0.5, sheet.feature(1).orElseThrow().shareAt(1));
    assertEquals(1.0, sheet.feature(2).orElseThrow().shareAt(7));
    assertEquals(8, sheet.feature(1).orElseThrow().max());
    assertTrue(sheet.scale().dataset());
  }

  @Test
  void ordersByStrengthAndRarity() {
    // 1: (0.5 + 1 + 0.75) ln 100 = 10.36; 2: (0.25 + 0.5 + 1) ln 50 = 6.85; 3: 1.25 ln 10 = 2.88.
    assertEquals(List.of(1, 2, 3, 0, 4), sheet.features().stream().map(Feature::index).toList());
    assertEquals(1, sheet.lead().orElseThrow().index());
  }

  @Test
  void ranksByRarityBeforeStrengthWhenTheyDisagree() {
    // Without rarity feature 3 (1.25) would stay behind 2 (1.75) and 1 (2.25); a rare 3 leads.
    SaeFacts facts =
        new SaeFacts(
            "res.3",
            5,
            Optional.of(HandMade.stats(new float[] {.5f, .09f, .09f, .00001f, .001f})),
            Map.of(),
            OptionalDouble.empty());
    TokenView view =
        ViewBuilder.build(
            "",
            HandMade.tokens(),
            List.of(HandMade.table()),
            Map.of("l9", facts),
            List.of(),
            List.of(),
            ViewOptions.DEFAULT);
    assertEquals(3, view.sheets().getFirst().lead().orElseThrow().index());
  }

  @Test
  void withoutStatisticsScalesByTheViewAndFoldsNothing() {
    TokenView view =
        ViewBuilder.build(
            "",
            HandMade.tokens(),
            List.of(HandMade.table()),
            Map.of(),
            List.of(),
            List.of(),
            ViewOptions.DEFAULT);
    Sheet bare = view.sheets().getFirst();
    assertEquals(8f, bare.scale().viewMax()); // the 30 and 15 at BOS do not count
    assertEquals(0.75, bare.feature(1).orElseThrow().shareAt(7));
    assertEquals(Optional.empty(), bare.folded().dense());
    assertFalse(bare.feature(0).orElseThrow().dense());
    assertTrue(Wording.scale(bare).contains("largest activation in this view, 8.00"));
    assertTrue(Wording.folded(bare, false).contains("without stats.safetensors"));
  }

  @Test
  void keepsTheStrongestOfEachTokenAndCountsTheRest() {
    ViewOptions one = new ViewOptions(1, false, Optional.empty(), Optional.empty());
    Sheet narrow = HandMade.view(one).sheets().getFirst();
    assertEquals(
        List.of(4, 1, 1, 2, 3, 1),
        narrow.strongest().stream().flatMap(List::stream).map(f -> f.feature()).toList());
    assertEquals(0, narrow.omitted());
    ViewOptions all = new ViewOptions(1, true, Optional.empty(), Optional.empty());
    assertEquals(5, HandMade.view(all).sheets().getFirst().features().size());
  }

  @Test
  void putsTheAskedFeatureFirstEvenWhereItDoesNotFire() {
    ViewOptions asked =
        new ViewOptions(5, false, Optional.empty(), Optional.of(new FeatureName("l9", 3)));
    assertEquals(3, HandMade.view(asked).sheets().getFirst().lead().orElseThrow().index());
  }

  @Test
  void neverFoldsTheAskedFeature() {
    ViewOptions asked =
        new ViewOptions(5, false, Optional.empty(), Optional.of(new FeatureName("l9", 0)));
    Feature dense = HandMade.view(asked).sheets().getFirst().lead().orElseThrow();
    assertEquals(0, dense.index());
    assertTrue(dense.dense());
    assertFalse(dense.folded());
  }

  @Test
  void refusesUnknownNamesWithASentence() {
    TapscopeException sae =
        assertThrows(
            TapscopeException.class,
            () -> HandMade.view(new ViewOptions(5, false, Optional.of("l10"), Optional.empty())));
    assertEquals("sae-unknown", sae.id());
    assertTrue(sae.getMessage().contains("it has l9"), sae.getMessage());
    TapscopeException feature =
        assertThrows(
            TapscopeException.class,
            () ->
                HandMade.view(
                    new ViewOptions(
                        5, false, Optional.empty(), Optional.of(new FeatureName("l9", 5)))));
    assertEquals("feature-unknown", feature.id());
  }
}
