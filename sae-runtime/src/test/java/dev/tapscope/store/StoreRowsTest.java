package dev.tapscope.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.step.Batch;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StoreRowsTest {
  private static final int DOCUMENTS = 50;
  private static final int ROWS = 3 * DOCUMENTS;

  @TempDir private static Path folder;

  private ActivationStore store;

  @BeforeEach
  void open() throws IOException {
    store = Stores.of(folder.resolve("store"), DOCUMENTS, "bf16"); // made once, then found there
  }

  /** The next rows as numbers {@code 10 document + word}, for rows that carry both. */
  private static List<Integer> words(RowSource source, int count) {
    Batch batch = source.next(count);
    assertEquals(count, batch.rows());
    return IntStream.range(0, count).mapToObj(i -> word(batch, source, i)).toList();
  }

  private static int word(Batch batch, RowSource source, int i) {
    int document = value(batch, (long) i * source.inputs());
    int word = value(batch, (long) i * source.inputs() + 1);
    if (source.outputs() == 3) { // mlp.3 of the same place
      long at = 3L * i;
      assertEquals(document, (int) batch.y().getAtIndex(ValueLayout.JAVA_FLOAT, at));
      assertEquals(word, (int) batch.y().getAtIndex(ValueLayout.JAVA_FLOAT, at + 1));
      assertEquals(document + word, (int) batch.y().getAtIndex(ValueLayout.JAVA_FLOAT, at + 2));
    }
    return 10 * document + word;
  }

  private static int value(Batch batch, long at) {
    return (int) batch.x().getAtIndex(ValueLayout.JAVA_FLOAT, at);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 64, 100, 149, 150, 1 << 30})
  void servesEveryRowOnceAnEpoch(int bufferRows) {
    try (StoreRows source = new StoreRows(store, "res.3", "mlp.3", 5, bufferRows)) {
      assertEquals(ROWS, source.rows());
      assertEquals(2, source.inputs());
      assertEquals(3, source.outputs());
      List<List<Integer>> epochs = new ArrayList<>();
      for (int epoch = 0; epoch < 3; epoch++) {
        List<Integer> served = words(source, ROWS);
        assertEquals(ROWS, Set.copyOf(served).size());
        epochs.add(served);
      }
      assertEquals(3, new HashSet<>(epochs).size(), "each epoch has an order of its own");
    }
  }

  @Test
  void batchesAreAlignedAndMayCrossTheEndOfAnEpoch() {
    try (StoreRows source = new StoreRows(store, "mlp.3", "mlp.3", 5, 64);
        StoreRows other = new StoreRows(store, "mlp.3", "mlp.3", 5, 64)) {
      List<Integer> inOne = words(source, 2 * ROWS);
      List<Integer> inMany = new ArrayList<>();
      for (int left = 2 * ROWS; left > 0; left -= Math.min(left, 77)) {
        inMany.addAll(words(other, Math.min(left, 77)));
      }
      assertEquals(inOne, inMany);
      assertEquals(0, source.next(5).x().address() % 64);
      Batch batch = source.next(5);
      assertEquals(batch.x(), batch.y(), "an SAE's rows are kept once");
    }
  }

  @Test
  void aBufferMixesRowsOfManyPieces() {
    try (StoreRows source = new StoreRows(store, "res.3", "res.3", 5, 64)) {
      List<Integer> buffer = words(source, 64);
      long pieces = buffer.stream().map(word -> word / 20).distinct().count();
      assertTrue(pieces > 15, () -> "of " + pieces + " pieces: " + buffer);
      long follow =
          IntStream.range(1, 64).filter(i -> buffer.get(i) == buffer.get(i - 1) + 1).count();
      assertTrue(follow < 8, () -> follow + " rows follow each other as they lie: " + buffer);
    }
  }

  @Test
  void theSeedAndTheBufferDecideTheOrder() {
    try (StoreRows source = new StoreRows(store, "res.3", "res.3", 5, 64);
        StoreRows same = new StoreRows(store, "res.3", "mlp.3", 5, 64);
        StoreRows seed = new StoreRows(store, "res.3", "res.3", 6, 64)) {
      List<Integer> served = words(source, ROWS);
      assertEquals(served, words(same, ROWS));
      assertFalse(served.equals(words(seed, ROWS)));
    }
  }

  @Test
  void goesOnFromAnyPlace() {
    int[] steps = {1, 63, 1, 35, 50, 7, 150, 64, 29};
    for (int stop = 0; stop < steps.length; stop++) {
      try (StoreRows source = new StoreRows(store, "res.3", "mlp.3", 5, 64);
          StoreRows resumed = new StoreRows(store, "res.3", "mlp.3", 5, 64)) {
        Arrays.stream(steps, 0, stop).forEach(source::next);
        words(resumed, 10); // whatever it has served before
        resumed.seek(source.place());
        assertEquals(source.place(), resumed.place());
        for (int step : steps) {
          assertEquals(words(source, step), words(resumed, step));
        }
      }
    }
  }

  @Test
  void refusesAPlaceInAnotherOrder() {
    try (StoreRows source = new StoreRows(store, "res.3", "res.3", 5, 64);
        StoreRows other = new StoreRows(store, "res.3", "res.3", 6, 64)) {
      TapscopeException e = assertThrows(TapscopeException.class, () -> other.seek(source.place()));
      assertEquals("place-unknown", e.id());
      assertTrue(e.getMessage().contains("seed 5"), e.getMessage());
      String beyond = source.place().replace("buffer 0", "buffer 3");
      assertEquals(
          "place-unknown", assertThrows(TapscopeException.class, () -> source.seek(beyond)).id());
      assertThrows(TapscopeException.class, () -> source.seek("nonsense"));
    }
  }

  @Test
  void saysWhatSitesThereAre() {
    TapscopeException e =
        assertThrows(TapscopeException.class, () -> new StoreRows(store, "res.4", "res.4", 5, 64));
    assertEquals("store-site", e.id());
    assertTrue(e.getMessage().contains("mlp.3, res.3"), e.getMessage());
  }

  /** SplitMix64 of seed 0 begins with e220a8397b1dcdaf, as its authors' code does. */
  @Test
  void permutationsAreThoseOfThePublishedGenerator() {
    // Multiplied high by 1, 2, 3: 0; then the second output 6e789e6aa1b965f4 < 2^63: 0; then
    // 06c45d188009454f / 2^64 * 3 < 1: 0. So 0 | 1 0 | 2 0 1.
    assertArrayEquals(new int[] {2, 0, 1}, Shuffle.permutation(3));
    int[] order = Shuffle.permutation(1000, 3, 4);
    assertEquals(1000, Arrays.stream(order).distinct().count());
    assertFalse(Arrays.equals(order, Shuffle.permutation(1000, 4, 3)));
  }
}
