package dev.tapscope.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.io.Safetensors;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ActivationStoreTest {
  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"f32", "bf16", "f16"})
  void holdsTheWordsInTheOrderOfTheCorpus(String dtype) throws IOException {
    ActivationStore store = Stores.of(folder.resolve("store"), 5, dtype);
    assertEquals(15, store.rows(), "three words of five documents");
    assertEquals("{mlp.3=3, res.3=2}", store.sites().toString());
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment rows = arena.allocate(15 * 3 * 4, 4);
      store.read("mlp.3", 1, 14, rows, 1); // over all three pieces
      for (int i = 1; i < 15; i++) {
        int document = i / 3;
        int word = 1 + i % 3;
        assertEquals(document, rows.getAtIndex(ValueLayout.JAVA_FLOAT, 3 * i));
        assertEquals(word, rows.getAtIndex(ValueLayout.JAVA_FLOAT, 3 * i + 1));
        assertEquals(document + word, rows.getAtIndex(ValueLayout.JAVA_FLOAT, 3 * i + 2));
      }
    }
    Safetensors last = Safetensors.open(folder.resolve("store/piece-00002.safetensors"));
    assertArrayEquals(new long[] {4, 1, 4, 2, 4, 3}, last.find("rows").orElseThrow().longs());
    assertArrayEquals(new long[] {10, 11, 12}, last.find("ids").orElseThrow().longs());
  }

  /** Rows are read when they are asked for, and a file can have changed since. */
  @Test
  void aFileCutOffAfterItWasOpenedIsASentence() throws IOException {
    ActivationStore store = Stores.of(folder.resolve("store"), 5, "f32");
    Path file = folder.resolve("store/piece-00002.safetensors");
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(bytes, bytes.length - 60));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment rows = arena.allocate(15 * 3 * 4, 4);
      store.read("mlp.3", 0, 12, rows, 0);
      TapscopeException e =
          assertThrows(TapscopeException.class, () -> store.read("res.3", 12, 3, rows, 0));
      assertEquals("safetensors-corrupt", e.id());
      assertTrue(e.getMessage().contains("it ends within its tensor res.3"), e.getMessage());
      Files.delete(file);
      assertEquals(
          "file-unreadable",
          assertThrows(TapscopeException.class, () -> store.read("res.3", 12, 3, rows, 0)).id());
    }
  }

  /** Words 1, 2 and 3 of documents 0 and 1: squares (0+1) (0+4) (0+9) (1+1) (1+4) (1+9). */
  @Test
  void averagesAllRows() throws IOException {
    ActivationStore store = Stores.of(folder.resolve("store"), 2, "f32");
    assertEquals(31 / 6.0, store.meanSquareNorm("res.3"), 1e-15);
    assertArrayEquals(new double[] {0.5, 2, 2.5}, store.mean("mlp.3"), 1e-15);
    assertArrayEquals(new float[] {0, 1, 0, 3, 1, 2}, store.sample("res.3", 3), "every other row");
    assertEquals(12, store.sample("res.3", 99).length);
  }
}
