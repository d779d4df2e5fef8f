package dev.tapscope.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

final class NpzTest {
  private static final float[] SIX = {1, -2.5f, 3, 4, 5, 0.25f};

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({"false, false", "true, false", "false, true", "true, true"})
  void readsStoredAndDeflatedEntriesInOldAndZip64Directories(boolean deflated, boolean zip64) {
    ZipBytes zip =
        new ZipBytes()
            .entry("W_enc.npy", NpyBytes.array("<f4", "(2, 3)", NpyBytes.f4(SIX)))
            .entry("b_enc.npy", NpyBytes.array("<f4", "(3,)", NpyBytes.f4(7, 8, 9)));
    if (deflated) {
      zip.deflated();
    }
    if (zip64) {
      zip.zip64();
    }
    Npz npz = Npz.open(zip.writeTo(folder.resolve("a.npz")));
    StoredArray matrix = npz.find("W_enc").orElseThrow();
    assertEquals(List.of("W_enc", "b_enc"), List.copyOf(npz.arrays().keySet()));
    assertEquals(Shape.of(2, 3), matrix.shape());
    assertEquals(Dtype.F32, matrix.dtype());
    assertArrayEquals(SIX, matrix.floats());
    assertArrayEquals(SIX, matrix.floats(), "a second reading starts anew");
    assertArrayEquals(new float[] {7, 8, 9}, npz.find("b_enc").orElseThrow().floats());
  }

  static Stream<Arguments> types() {
    return Stream.of(
        Arguments.of("<f2", NpyBytes.f2(SIX)),
        Arguments.of("<f4", NpyBytes.f4(SIX)),
        Arguments.of("<f8", NpyBytes.f8(1, -2.5, 3, 4, 5, 0.25)));
  }

  @ParameterizedTest
  @MethodSource("types")
  void readsHalfSingleAndDouble(String descr, byte[] data) {
    Npz npz = open(NpyBytes.array(descr, "(6,)", data));
    assertArrayEquals(SIX, npz.find("a").orElseThrow().floats());
  }

  @ParameterizedTest
  @CsvSource({"1", "2", "3"})
  void readsEveryHeaderVersion(int version) {
    String header = "{\"shape\": (6, ), \"fortran_order\": False, \"descr\": \"<f4\"}";
    Npz npz = open(NpyBytes.array(version, header, NpyBytes.f4(SIX)));
    assertArrayEquals(SIX, npz.find("a").orElseThrow().floats());
  }

  @Test
  void columnMajorRowsRunAlongTheFirstAxis() {
    String header = "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }";
    StoredArray a = open(NpyBytes.array(1, header, NpyBytes.f4(SIX))).find("a").orElseThrow();
    assertTrue(a.columnMajor());
    List<float[]> rows = new ArrayList<>();
    a.rows((index, row) -> rows.add(row.clone()));
    assertEquals(3, rows.size());
    assertArrayEquals(new float[] {1, -2.5f}, rows.get(0));
    assertArrayEquals(new float[] {5, 0.25f}, rows.get(2));
  }

  @Test
  void aVectorHasNoOrderOfColumns() {
    String header = "{'descr': '<f4', 'fortran_order': True, 'shape': (6,), }";
    StoredArray a = open(NpyBytes.array(1, header, NpyBytes.f4(SIX))).find("a").orElseThrow();
    assertFalse(a.columnMajor());
    assertArrayEquals(SIX, a.floats());
  }

  @Test
  void readsScalarsEmptyArraysAndWholeNumbers() {
    Npz npz =
        Npz.open(
            new ZipBytes()
                .entry("scalar.npy", NpyBytes.array("<f4", "()", NpyBytes.f4(2.5f)))
                .entry("empty.npy", NpyBytes.array("<f4", "(0, 5)", new byte[0]))
                .entry(
                    "ints.npy",
                    NpyBytes.array("<i4", "(2,)", new byte[] {1, 0, 0, 0, -1, -1, -1, -1}))
                .writeTo(folder.resolve("a.npz")));
    assertArrayEquals(new float[] {2.5f}, npz.find("scalar").orElseThrow().floats());
    assertArrayEquals(new float[0], npz.find("empty").orElseThrow().floats());
    assertArrayEquals(new long[] {1, -1}, npz.find("ints").orElseThrow().longs());
    StoredArray ints = npz.find("ints").orElseThrow();
    assertEquals("npz-dtype", assertThrows(TapscopeException.class, ints::floats).id());
  }

  @Test
  void readsRowsLongerThanABlock() {
    float[] long1 = new float[40_000];
    for (int i = 0; i < long1.length; i++) {
      long1[i] = i;
    }
    StoredArray a =
        open(NpyBytes.array("<f4", "(2, 20000)", NpyBytes.f4(long1))).find("a").orElseThrow();
    a.rows((index, row) -> assertEquals(index * 20_000 + 19_999, row[19_999]));
    assertArrayEquals(long1, a.floats());
  }

  static Stream<Arguments> malformedHeaders() {
    return Stream.of(
        Arguments.of("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 6), }", "negative"),
        Arguments.of("{'descr': '<f4', 'fortran_order': False, 'shape': (7,), }", "[7]"),
        Arguments.of("{'descr': '<f4', 'fortran_order': False, 'shape': (6), }", "tuple"),
        Arguments.of("{'descr': '<f4', 'fortran_order': False, 'shape': 6, }", "'('"),
        Arguments.of("{'descr': '<f4', 'fortran_order': False, 'shape': (6,), 'x': 1}", "'x'"),
        Arguments.of("{'descr': '<f4', 'fortran_order': False}", "lacks"),
        Arguments.of("{'descr': '<f4', 'descr': '<f4'}", "twice"),
        Arguments.of("{'descr': '<f4', 'fortran_order': Maybe, 'shape': (6,), }", "neither"),
        Arguments.of("{'descr': '<f4', 'fortran_order': False, 'shape': (6,), ", "ends early"),
        Arguments.of("{'descr': '<f4', 'fortran_order': False, 'shape': (6,), } and", "goes on"),
        Arguments.of("{'descr': '<f4, 'fortran_order': False, 'shape': (6,), }", "'f'"),
        // Four times the product is 2^64 + 24, the right number of bytes after an overflow.
        Arguments.of(
            "{'descr': '<f4', 'fortran_order': False, 'shape': (10, 461168601842738791), }",
            "461168601842738791"),
        Arguments.of(
            "{'descr': '<f4', 'fortran_order': False, 'shape': (3037000500, 3037000500), }",
            "3037000500"),
        Arguments.of(
            "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
            "no readable size"),
        Arguments.of(
            "{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (6,), }", "fields"));
  }

  @ParameterizedTest
  @MethodSource("malformedHeaders")
  void refusesMalformedHeaders(String header, String sentencePart) {
    refused("npz-corrupt", sentencePart, NpyBytes.array(1, header, NpyBytes.f4(SIX)));
  }

  @ParameterizedTest
  @CsvSource({"|O", "<c8", ">f4", "<U3", "|V4", "<f16"})
  void refusesOtherTypes(String descr) {
    refused("npz-dtype", descr, NpyBytes.array(descr, "(6,)", NpyBytes.f4(SIX)));
  }

  @Test
  void refusesAWrongStart() {
    byte[] magic = NpyBytes.array("<f4", "(6,)", NpyBytes.f4(SIX));
    magic[1] = 'n';
    refused("npz-corrupt", "does not start", magic);
    byte[] version = NpyBytes.array("<f4", "(6,)", NpyBytes.f4(SIX));
    version[6] = 4;
    refused("npz-corrupt", "version 4.0", version);
    byte[] length = NpyBytes.array("<f4", "(6,)", NpyBytes.f4(SIX));
    length[9] = 0x7f;
    refused("npz-corrupt", "header of", length);
    byte[] longLength = NpyBytes.array(2, "{}", NpyBytes.f4(SIX));
    longLength[11] = (byte) 0xff;
    refused("npz-corrupt", "header of", longLength);
    refused("npz-corrupt", "ends early", new byte[] {(byte) 0x93, 'N', 'U'});
  }

  @Test
  void refusesEntriesThatAreNoArrays() {
    Path file = new ZipBytes().entry("readme.txt", new byte[3]).writeTo(folder.resolve("a.npz"));
    assertEquals("npz-corrupt", thrownBy(file).id());
    Path method =
        new ZipBytes()
            .entry("a.npy", NpyBytes.array("<f4", "(6,)", NpyBytes.f4(SIX)))
            .claimedMethod(12)
            .writeTo(folder.resolve("b.npz"));
    assertEquals("npz-corrupt", thrownBy(method).id());
  }

  @Test
  void refusesTruncatedFilesAtEveryLength() throws IOException {
    byte[] whole =
        new ZipBytes()
            .entry("a.npy", NpyBytes.array("<f4", "(6,)", NpyBytes.f4(SIX)))
            .deflated()
            .bytes();
    for (int length = 0; length < whole.length; length++) {
      Path file = Files.write(folder.resolve("a.npz"), Arrays.copyOf(whole, length));
      assertEquals("npz-corrupt", thrownBy(file).id(), "cut to " + length);
    }
  }

  @Test
  void aHugeSizeTakesNoMemory() {
    long terabyte = 1L << 40;
    String header =
        "{'descr': '<f4', 'fortran_order': False, 'shape': (%d,), }"
            .formatted((terabyte - 128) / 4);
    byte[] entry = NpyBytes.array(1, header, NpyBytes.f4(SIX));
    Path lie =
        new ZipBytes()
            .entry("a.npy", entry)
            .zip64()
            .deflated()
            .claimedSize(terabyte)
            .writeTo(folder.resolve("a.npz"));
    long bytes = Allocations.bytesOf(() -> assertEquals("npz-corrupt", thrownBy(lie).id()));
    assertTrue(bytes < 4 << 20, bytes + " bytes were taken before the lie was seen");
  }

  /** Whatever bit is flipped: what can be read under its name is what was written. */
  @ParameterizedTest
  @CsvSource({"false, false", "true, false", "false, true"})
  void aFlippedBitIsNeverRead(boolean deflated, boolean zip64) throws IOException {
    ZipBytes zip =
        new ZipBytes()
            .entry("W.npy", NpyBytes.array("<f4", "(2, 3)", NpyBytes.f4(SIX)))
            .entry("b.npy", NpyBytes.array("<f4", "(3,)", NpyBytes.f4(7, 8, 9)));
    if (deflated) {
      zip.deflated();
    }
    if (zip64) {
      zip.zip64();
    }
    byte[] good = zip.bytes();
    int refused = 0;
    for (int bit = 0; bit < good.length * 8; bit++) {
      byte[] bad = good.clone();
      bad[bit / 8] ^= (byte) (1 << bit % 8);
      Path file = Files.write(folder.resolve("bad.npz"), bad);
      int at = bit;
      try {
        Npz npz = Npz.open(file);
        npz.find("W")
            .ifPresent(w -> {
              assertArrayEquals(SIX, w.floats(), "bit " + at);
              assertEquals(Shape.of(2, 3), w.shape(), "bit " + at);
            });
        npz.find("b").ifPresent(b -> assertArrayEquals(new float[] {7, 8, 9}, b.floats()));
      } catch (TapscopeException e) {
        assertTrue(e.id().startsWith("npz-"), () -> "bit " + at + ": " + e.line());
        refused++;
      }
    }
    assertTrue(refused > good.length * 8 / 2, refused + " of " + good.length * 8 + " refused");
  }

  @Test
  void saysWhatIsMissing() {
    TapscopeException missing = thrownBy(folder.resolve("none.npz"));
    assertEquals("file-missing", missing.id());
    assertEquals("file-missing", thrownBy(folder).id());
  }

  @Test
  void readsWhatNumpyWrites() throws Exception {
    String script =
        "import numpy as np,sys\n"
            + "a=np.arange(12,dtype='<f4').reshape(3,4)\n"
            + "np.savez_compressed(sys.argv[1]+'/c.npz',c=a,f=np.asfortranarray(a),h=a.astype('<f2'),d=a.astype('<f8'))\n"
            + "np.savez(sys.argv[1]+'/s.npz',c=a,f=np.asfortranarray(a),h=a.astype('<f2'),d=a.astype('<f8'))\n";
    Process python;
    try {
      python =
          new ProcessBuilder("python3", "-c", script, folder.toString())
              .redirectErrorStream(true)
              .start();
    } catch (IOException e) {
      Assumptions.abort("no python3 here: " + e.getMessage());
      return;
    }
    String output = new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(python.waitFor(60, TimeUnit.SECONDS));
    Assumptions.assumeFalse(output.contains("No module named 'numpy'"), "no numpy here");
    assertEquals(0, python.exitValue(), output);
    for (String file : List.of("c.npz", "s.npz")) {
      Npz npz = Npz.open(folder.resolve(file));
      for (String name : List.of("c", "h", "d")) {
        float[] values = npz.find(name).orElseThrow().floats();
        assertEquals(12, values.length);
        assertEquals(11, values[11]);
      }
      StoredArray fortran = npz.find("f").orElseThrow();
      assertTrue(fortran.columnMajor());
      assertArrayEquals(new float[] {0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11}, fortran.floats());
    }
  }

  private Npz open(byte[] npy) {
    return Npz.open(new ZipBytes().entry("a.npy", npy).writeTo(folder.resolve("a.npz")));
  }

  private void refused(String id, String sentencePart, byte[] npy) {
    TapscopeException e = assertThrows(TapscopeException.class, () -> open(npy));
    assertEquals(id, e.id());
    assertTrue(e.getMessage().contains(sentencePart), e.getMessage());
    assertTrue(e.getMessage().contains("a.npz"), e.getMessage());
  }

  private static TapscopeException thrownBy(Path file) {
    return assertThrows(TapscopeException.class, () -> Npz.open(file));
  }
}
