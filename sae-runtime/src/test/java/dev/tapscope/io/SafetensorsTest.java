package dev.tapscope.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

final class SafetensorsTest {
  private static final String A =
      "\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}";

  private static final byte[] SIX = NpyBytes.f4(1, 2, 3, 4, 5, 6);

  @TempDir Path folder;

  @Test
  void readsTensorsAndMetadata() throws IOException {
    String header =
        "{\"__metadata__\":{\"format\":\"pt\"},"
            + A
            + ",\"b\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[24,32]}}  ";
    byte[] data = Arrays.copyOf(SIX, 32);
    data[24] = 7;
    Safetensors file = Safetensors.open(file(header, data));
    assertEquals(Map.of("format", "pt"), file.metadata());
    assertEquals(Shape.of(2, 3), file.find("a").orElseThrow().shape());
    assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, file.find("a").orElseThrow().floats());
    assertArrayEquals(new long[] {7}, file.find("b").orElseThrow().longs());
    assertTrue(file.find("c").isEmpty());
  }

  static Stream<Arguments> types() {
    return Stream.of(
        Arguments.of("F64", 16, NpyBytes.f8(1.5, -2)),
        Arguments.of("F32", 8, NpyBytes.f4(1.5f, -2)),
        Arguments.of("F16", 4, NpyBytes.f2(1.5f, -2)),
        // The upper halves of the floats 1.5 (3FC00000) and -2 (C0000000).
        Arguments.of("BF16", 4, new byte[] {(byte) 0xc0, 0x3f, 0, (byte) 0xc0}));
  }

  @ParameterizedTest
  @MethodSource("types")
  void readsEveryFloatingType(String dtype, int bytes, byte[] data) throws IOException {
    Safetensors file = Safetensors.open(file(one(dtype, "[2]", 0, bytes), data));
    assertArrayEquals(new float[] {1.5f, -2}, file.find("a").orElseThrow().floats());
  }

  @ParameterizedTest
  @CsvSource({"I64, 16", "I32, 8", "U8, 2"})
  void readsEveryWholeType(String dtype, int bytes) throws IOException {
    byte[] data = new byte[bytes];
    data[0] = 5;
    data[bytes / 2] = (byte) 200;
    Safetensors file = Safetensors.open(file(one(dtype, "[2]", 0, bytes), data));
    assertArrayEquals(new long[] {5, 200}, file.find("a").orElseThrow().longs());
    assertEquals(
        "safetensors-dtype",
        assertThrows(TapscopeException.class, () -> file.find("a").orElseThrow().floats()).id());
  }

  static Stream<Arguments> corruptions() {
    return Stream.of(
        Arguments.of("{" + A + "}x", "no readable JSON"),
        Arguments.of("[1,2]", "no JSON object"),
        Arguments.of("{" + A + "," + A + "}", "no readable JSON"),
        Arguments.of("{\"a\":3}", "no dtype"),
        Arguments.of("{\"a\":{\"dtype\":4,\"shape\":[6],\"data_offsets\":[0,24]}}", "no dtype"),
        Arguments.of("{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,24]}}", "no shape"),
        Arguments.of("{\"a\":{\"dtype\":\"F32\",\"shape\":[6]}}", "no data_offsets"),
        Arguments.of("{\"a\":{\"dtype\":\"F32\",\"shape\":[6],\"data_offsets\":[0]}}", "offsets"),
        Arguments.of(one("F32", "[-6]", 0, 24), "-6"),
        Arguments.of(one("F32", "[6.0]", 0, 24), "6.0"),
        Arguments.of(one("F32", "[\"6\"]", 0, 24), "shape"),
        Arguments.of(one("F32", "[99999999999999999999]", 0, 24), "shape"),
        Arguments.of(one("F32", "[4611686018427387904,4]", 0, 24), "4611686018427387904"),
        // Four times this is 2^64 + 24: the right number of bytes in arithmetic that overflows.
        Arguments.of(one("F32", "[4611686018427387910]", 0, 24), "4611686018427387910"),
        Arguments.of(one("F32", "[5]", 0, 24), "[5]"),
        Arguments.of(one("F32", "[6]", 0, 28), "bytes 0 to 28"),
        Arguments.of(one("F32", "[6]", -4, 20), "-4"),
        Arguments.of(one("F32", "[6]", 24, 0), "bytes 24 to 0"),
        Arguments.of(one("F32", "[5]", 4, 24), "starts at byte 4"),
        Arguments.of(one("F32", "[5]", 0, 20), "end at byte 20"),
        Arguments.of(
            "{" + A + ",\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[20,24]}}",
            "starts at byte 20"),
        Arguments.of("{\"__metadata__\":3," + A + "}", "no JSON object"),
        Arguments.of("{\"__metadata__\":{\"k\":1}," + A + "}", "no string"));
  }

  @ParameterizedTest
  @MethodSource("corruptions")
  void refusesCorruptHeaders(String header, String sentencePart) throws IOException {
    refused("safetensors-corrupt", sentencePart, file(header, SIX));
  }

  @ParameterizedTest
  @CsvSource({"F8_E4M3", "BOOL", "f32", "F33"})
  void refusesOtherTypes(String dtype) throws IOException {
    refused("safetensors-dtype", dtype, file(one(dtype, "[6]", 0, 24), SIX));
  }

  @ParameterizedTest
  @CsvSource({"-1", "0", "1", "9223372036854775807", "100000001", "1000"})
  void refusesWrongHeaderLengthsWithoutTakingMemory(long length) throws IOException {
    byte[] bytes = Files.readAllBytes(file("{" + A + "}", SIX));
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(0, length);
    Path bad = Files.write(folder.resolve("bad.safetensors"), bytes);
    long taken =
        Allocations.bytesOf(() ->
            assertEquals(
                "safetensors-corrupt",
                assertThrows(TapscopeException.class, () -> Safetensors.open(bad)).id()));
    assertTrue(taken < 1 << 20, taken + " bytes were taken");
  }

  @Test
  void aHugeShapeTakesNoMemory() throws IOException {
    Path bad = file(one("U8", "[4611686018427387904]", 0, 24), SIX);
    long taken =
        Allocations.bytesOf(
            () -> assertThrows(TapscopeException.class, () -> Safetensors.open(bad)));
    assertTrue(taken < 1 << 20, taken + " bytes were taken");
  }

  @Test
  void refusesTruncatedFilesAtEveryLength() throws IOException {
    byte[] whole = Files.readAllBytes(file("{" + A + "}", SIX));
    for (int length = 0; length < whole.length; length++) {
      Path file = Files.write(folder.resolve("cut.safetensors"), Arrays.copyOf(whole, length));
      TapscopeException e =
          assertThrows(TapscopeException.class, () -> Safetensors.open(file), "cut to " + length);
      assertEquals("safetensors-corrupt", e.id());
    }
  }

  @Test
  void aFlippedHeaderBitNeverMovesATensor() throws IOException {
    byte[] good = Files.readAllBytes(file("{" + A + "}", SIX));
    int header = good.length - SIX.length;
    int refused = 0;
    for (int bit = 0; bit < header * 8; bit++) {
      byte[] bad = good.clone();
      bad[bit / 8] ^= (byte) (1 << bit % 8);
      Path file = Files.write(folder.resolve("bad.safetensors"), bad);
      int at = bit;
      try {
        Safetensors.open(file)
            .find("a")
            .ifPresent(
                a -> assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, a.floats(), "bit " + at));
      } catch (TapscopeException e) {
        assertTrue(e.id().startsWith("safetensors-"), () -> "bit " + at + ": " + e.line());
        refused++;
      }
    }
    assertTrue(refused > header * 6, refused + " of " + header * 8 + " refused");
  }

  @Test
  void writesWhatItReads() {
    Path file = folder.resolve("w.safetensors");
    new SafetensorsWriter()
        .metadata("site", "res")
        .vector("max", new float[] {1, 2})
        .vector("density", new float[] {0.5f})
        .writeTo(file);
    Safetensors read = Safetensors.open(file);
    assertEquals(Map.of("site", "res"), read.metadata());
    assertArrayEquals(new float[] {1, 2}, read.find("max").orElseThrow().floats());
    assertArrayEquals(new float[] {0.5f}, read.find("density").orElseThrow().floats());
    assertFalse(Files.exists(folder.resolve("w.safetensors.tmp")));
  }

  @Test
  void saysThatAFileCannotBeWritten() {
    SafetensorsWriter writer = new SafetensorsWriter().vector("max", new float[1]);
    TapscopeException e =
        assertThrows(
            TapscopeException.class, () -> writer.writeTo(folder.resolve("no/such/folder")));
    assertEquals("file-unwritable", e.id());
  }

  @Test
  @Tag("full")
  void readsATensorBeyondTwoGibibytes() throws IOException {
    long rows = 700_000;
    long bytes = rows * 1024 * 4;
    String header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[700000,1024],\"data_offsets\":[0,%d]}}";
    Path path = file(header.formatted(bytes), new byte[0]);
    long start = Files.size(path);
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(start + bytes); // a hole, all zeros
      file.seek(start + (rows - 1) * 4096);
      file.write(NpyBytes.f4(42));
    }
    float[] last = new float[1];
    long[] count = new long[1];
    Safetensors.open(path)
        .find("a")
        .orElseThrow()
        .rows((index, row) -> {
          count[0]++;
          last[0] = row[0];
        });
    assertEquals(rows, count[0]);
    assertEquals(42, last[0]);
  }

  private static String one(String dtype, String shape, long begin, long end) {
    return "{\"a\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}}"
        .formatted(dtype, shape, begin, end);
  }

  private Path file(String header, byte[] data) throws IOException {
    byte[] text = header.getBytes(StandardCharsets.UTF_8);
    ByteBuffer bytes =
        ByteBuffer.allocate(8 + text.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(text.length).put(text).put(data);
    return Files.write(folder.resolve("a.safetensors"), bytes.array());
  }

  private static void refused(String id, String sentencePart, Path file) {
    TapscopeException e = assertThrows(TapscopeException.class, () -> Safetensors.open(file));
    assertEquals(id, e.id(), e.getMessage());
    assertTrue(e.getMessage().contains(sentencePart), e.getMessage());
  }
}
