package dev.tapscope.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class NpyTest {
  @TempDir Path folder;

  @Test
  void readsTheNumbersMoreThanOnce() throws IOException {
    StoredArray array = Npy.open(file(NpyBytes.array("<f8", "(3,)", NpyBytes.f8(1, -2.5, 0.1))));
    assertEquals("v.npy", array.name());
    assertEquals(Shape.of(3), array.shape());
    assertArrayEquals(new float[] {1, -2.5f, 0.1f}, array.floats());
    assertArrayEquals(new float[] {1, -2.5f, 0.1f}, array.floats());
  }

  @Test
  void readsHalvesAndHeadersOfVersionTwo() throws IOException {
    String header = "{'descr': '<f2', 'fortran_order': False, 'shape': (1, 2), }";
    StoredArray array = Npy.open(file(NpyBytes.array(2, header, NpyBytes.f2(0.5f, 3))));
    assertEquals(Shape.of(1, 2), array.shape());
    assertArrayEquals(new float[] {0.5f, 3}, array.floats());
  }

  @Test
  void damageIsASentence() throws IOException {
    byte[] good = NpyBytes.array("<f4", "(3,)", NpyBytes.f4(1, 2, 3));
    refused("npy-corrupt", "ends early", new byte[] {(byte) 0x93, 'N'});
    refused("npy-corrupt", "does not start as an npy array", new byte[64]);
    refused("npy-corrupt", "but holds 8 bytes", Arrays.copyOf(good, good.length - 4));
    refused("npy-corrupt", "but holds 13 bytes", Arrays.copyOf(good, good.length + 1));
    refused("npy-corrupt", "header of", Arrays.copyOf(good, 40));
    refused("npy-corrupt", "ends early", NpyBytes.array(1, "{'descr': ", new byte[0]));
    refused("npy-dtype", ">f4", NpyBytes.array(">f4", "(1,)", NpyBytes.f4(1)));
    refused(
        "npy-corrupt",
        "but holds 4 bytes",
        NpyBytes.array("<f4", "(2147483647, 2147483647)", NpyBytes.f4(1)));
  }

  @Test
  void aFileThatIsNotThereIsASentence() {
    TapscopeException e =
        assertThrows(TapscopeException.class, () -> Npy.open(folder.resolve("none.npy")));
    assertEquals("file-missing", e.id());
  }

  @Test
  void aFileThatShrinksAfterOpeningIsNoticed() throws IOException {
    Path file = file(NpyBytes.array("<f4", "(3,)", NpyBytes.f4(1, 2, 3)));
    StoredArray array = Npy.open(file);
    Files.write(file, "short".getBytes(StandardCharsets.US_ASCII));
    assertThrows(TapscopeException.class, array::floats);
  }

  private void refused(String id, String words, byte[] bytes) throws IOException {
    Path file = file(bytes);
    TapscopeException e = assertThrows(TapscopeException.class, () -> Npy.open(file));
    assertEquals(id, e.id(), e.getMessage());
    assertTrue(e.getMessage().contains(words), e.getMessage());
  }

  private Path file(byte[] bytes) throws IOException {
    return Files.write(folder.resolve("v.npy"), bytes);
  }
}
