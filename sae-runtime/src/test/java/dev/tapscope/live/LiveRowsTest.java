package dev.tapscope.live;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.step.Batch;
import dev.tapscope.store.RowSource;
import dev.tapscope.tap.TapscopeException;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Eleven words in five documents, three pieces, one of which has no row at all. */
class LiveRowsTest {
  private static Texts texts() {
    return new Texts(new int[] {3, 1}, new int[] {0}, new int[] {4, 3});
  }

  /** The next rows of {@code a}, {@code document.word}. */
  private static List<String> next(RowSource source, int rows) {
    Batch batch = source.next(rows);
    assertEquals(rows, batch.rows());
    List<String> words = new ArrayList<>();
    for (int r = 0; r < rows; r++) {
      words.add(
          "%.0f.%.0f"
              .formatted(
                  batch.x().getAtIndex(ValueLayout.JAVA_FLOAT, 2L * r),
                  batch.x().getAtIndex(ValueLayout.JAVA_FLOAT, 2L * r + 1)));
    }
    return words;
  }

  private static List<String> read(Texts texts, long seed, int buffer, int batch, int batches) {
    List<String> all = new ArrayList<>();
    try (LiveRows rows = texts.rows(seed, buffer, "a")) {
      for (int i = 0; i < batches; i++) {
        all.addAll(next(rows.sources().get("a"), batch));
      }
    }
    return all;
  }

  private static final Set<String> ALL =
      Set.of("0.1", "0.2", "0.3", "1.1", "3.1", "3.2", "3.3", "3.4", "4.1", "4.2", "4.3");

  @ParameterizedTest
  @ValueSource(ints = {1, 4, 11, 1000})
  void eachRowComesOnceAnEpoch(int buffer) {
    List<String> rows = read(texts(), 7, buffer, 1, 33);
    for (int epoch = 0; epoch < 3; epoch++) {
      List<String> one = rows.subList(11 * epoch, 11 * epoch + 11);
      assertEquals(ALL, new HashSet<>(one), "BOS and EOS are left out");
    }
    if (buffer > 1) {
      assertNotEquals(rows.subList(0, 11), rows.subList(11, 22), "epochs differ in order");
    } else {
      assertEquals("0.1 0.2 0.3 1.1 3.1", String.join(" ", rows.subList(0, 5)));
    }
  }

  /** With four rows a buffer these are the first four, the next four, and three that are left. */
  @Test
  void aBufferHoldsTheNextRowsAndEndsWithTheCorpus() {
    List<String> rows = read(texts(), 7, 4, 11, 2);
    for (int epoch = 0; epoch < 22; epoch += 11) {
      assertEquals(
          Set.of("0.1", "0.2", "0.3", "1.1"), new HashSet<>(rows.subList(epoch, epoch + 4)));
      assertEquals(Set.of("4.1", "4.2", "4.3"), new HashSet<>(rows.subList(epoch + 8, epoch + 11)));
    }
  }

  @Test
  void seedAndStreamDecideTheOrderAndTheBatchDoesNot() {
    List<String> rows = read(texts(), 7, 5, 12, 5);
    assertEquals(rows, read(texts(), 7, 5, 12, 5));
    assertEquals(rows, read(texts(), 7, 5, 4, 15));
    assertNotEquals(rows, read(texts(), 8, 5, 12, 5));
  }

  @Test
  void allSitesDrawTheSameTokensFromOnePass() {
    Texts texts = texts();
    try (LiveRows rows = texts.rows(7, 4, "a", "b", "a>b")) {
      for (int i = 0; i < 10; i++) {
        Batch a = rows.sources().get("a").next(3);
        Batch b = rows.sources().get("b").next(3);
        Batch pair = rows.sources().get("a>b").next(3);
        for (int r = 0; r < 3; r++) {
          float document = a.x().getAtIndex(ValueLayout.JAVA_FLOAT, 2L * r);
          float word = a.x().getAtIndex(ValueLayout.JAVA_FLOAT, 2L * r + 1);
          assertEquals(document + word / 100, b.x().getAtIndex(ValueLayout.JAVA_FLOAT, r));
          assertEquals(document, pair.x().getAtIndex(ValueLayout.JAVA_FLOAT, 2L * r));
          assertEquals(document + word / 100, pair.y().getAtIndex(ValueLayout.JAVA_FLOAT, r));
        }
      }
    }
    assertEquals(3 * 3, texts.runs, "30 rows are three epochs of three pieces");
    assertTrue(texts.closed);
  }

  @Test
  void resumedAnywhereItGivesTheSameRows() {
    List<String> undisturbed = read(texts(), 7, 4, 3, 20);
    for (int steps = 0; steps < 19; steps++) {
      String place;
      try (LiveRows rows = texts().rows(7, 4, "a", "b")) {
        for (int i = 0; i < steps; i++) {
          rows.sources().values().forEach(source -> source.next(3));
        }
        place = rows.sources().get("a").place();
        assertEquals(place, rows.sources().get("b").place());
      }
      try (LiveRows rows = texts().rows(7, 4, "a", "b")) {
        rows.sources().values().forEach(source -> source.seek(place));
        assertEquals(
            undisturbed.subList(3 * steps, 3 * steps + 3),
            next(rows.sources().get("a"), 3),
            "after " + steps);
        rows.sources().get("b").next(3);
        assertEquals(
            undisturbed.subList(3 * steps + 3, Math.min(60, 3 * steps + 6)),
            next(rows.sources().get("a"), 3));
      }
    }
  }

  /** Only the piece the buffer began in is computed again, and those after it. */
  @Test
  void resumingBeginsWithThePieceOfTheBuffer() {
    String place;
    try (LiveRows rows = texts().rows(7, 4, "a")) {
      rows.sources().get("a").next(10);
      place = rows.sources().get("a").place();
    }
    assertEquals(2, LiveRows.pieceOf(place));
    Texts again = texts();
    KeptRows kept = new KeptRows(again, List.of("a", "b"), Texts.KEPT);
    try (LiveRows rows =
        new LiveRows(kept, kept.widths(LiveRows.pieceOf(place)), List.of("a"), 7, 4)) {
      rows.sources().get("a").seek(place);
      rows.sources().get("a").next(1);
      assertEquals(1, again.runs);
    }
  }

  /** As the statistics of a training do: the whole first buffer, each site by itself. */
  @Test
  void theFirstBufferIsReadAndGoneBackTo() {
    List<String> undisturbed = read(texts(), 7, 4, 3, 5);
    Texts texts = texts();
    try (LiveRows rows = texts.rows(7, 4, "a", "b")) {
      for (RowSource source : rows.sources().values()) {
        String place = source.place();
        assertEquals(4, source.rows());
        source.next(3);
        source.next(1);
        source.seek(place);
      }
      assertEquals(1, texts.runs);
      assertEquals(undisturbed.subList(0, 3), next(rows.sources().get("a"), 3));
      rows.sources().get("b").next(3);
      assertEquals(undisturbed.subList(3, 6), next(rows.sources().get("a"), 3));
    }
  }

  @Test
  void aModelThatFailsCostsNoRow() {
    List<String> undisturbed = read(texts(), 7, 4, 3, 5);
    Texts failing = texts();
    failing.failsAt = 4;
    try (LiveRows rows = failing.rows(7, 4, "a")) {
      RowSource source = rows.sources().get("a");
      next(source, 3);
      next(source, 3);
      String place = source.place();
      TapscopeException e = assertThrows(TapscopeException.class, () -> source.next(3));
      assertEquals("model-stopped", e.id());
      assertEquals(place, source.place());
      failing.failsAt = Integer.MAX_VALUE;
      assertEquals(undisturbed.subList(6, 9), next(source, 3));
    }
  }

  @Test
  void otherRowsThanBeforeAreRefused() {
    String place;
    try (LiveRows rows = texts().rows(7, 4, "a")) {
      rows.sources().get("a").next(6);
      place = rows.sources().get("a").place();
    }
    Texts drifted = texts();
    drifted.drift = 1e-3f;
    assertEquals("rows-other", refused(drifted, place));
    assertEquals(
        "rows-other", refused(new Texts(new int[] {3}, new int[] {0}, new int[] {4}), place));
    assertEquals("place-unknown", refused(texts(), place.replace("seed 7", "seed 8")));
    assertEquals("place-unknown", refused(texts(), "epoch 1"));
  }

  private static String refused(Texts texts, String place) {
    try (LiveRows rows = texts.rows(7, 4, "a")) {
      RowSource source = rows.sources().get("a");
      return assertThrows(
              TapscopeException.class,
              () -> {
                source.seek(place);
                source.next(1);
              })
          .id();
    }
  }

  @Test
  void aCorpusWithoutARowIsSaid() {
    try (LiveRows rows = new Texts(new int[] {0, 0}).rows(7, 4, "a")) {
      RowSource source = rows.sources().get("a");
      assertEquals("rows-none", assertThrows(TapscopeException.class, () -> source.next(1)).id());
    }
  }

  @Test
  void whatAModelMayNotDoIsSaid() {
    KeptRows other = new KeptRows(texts(), List.of("a", "c"), Texts.KEPT);
    TapscopeException e = assertThrows(TapscopeException.class, () -> other.widths(0));
    assertEquals("site-missing", e.id());
    assertTrue(e.getMessage().contains("rows of [a, b] in a pass, and none of c"), e.getMessage());
    KeptRows kept = new KeptRows(texts(), List.of("a"), Texts.KEPT);
    try (LiveRows rows = new LiveRows(kept, new TreeMap<>(Map.of("a", 3)), List.of("a"), 7, 4)) {
      RowSource source = rows.sources().get("a");
      assertEquals("site-width", assertThrows(TapscopeException.class, () -> source.next(1)).id());
    }
  }
}
