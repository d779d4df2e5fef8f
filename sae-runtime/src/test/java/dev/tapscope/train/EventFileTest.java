package dev.tapscope.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.step.Rates;
import dev.tapscope.step.StepReport;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Event files, read by a parser that knows nothing of the writer. */
class EventFileTest {
  private static final Instant NOON = Instant.parse("2026-01-02T12:00:00.500Z");

  @TempDir private Path folder;

  @Test
  void theChecksumIsTensorFlows() {
    // The check value of CRC-32C, and TensorFlow's mask of it by hand.
    assertEquals(0xe3069283, crc32c("123456789".getBytes(StandardCharsets.US_ASCII)));
    assertEquals(0xc78ab0e5, masked("123456789".getBytes(StandardCharsets.US_ASCII)));
  }

  @Test
  void holdsScalarsByTagAndStep() throws IOException {
    try (EventFile events = EventFile.open(folder, 300, InstantSource.fixed(NOON))) {
      events.scalars(310, Map.of("metrics/l0", 26.5));
      events.scalars(1L << 40, Map.of("losses/overall_loss", -0.25));
    }
    List<Map<Integer, List<Object>>> records = read(onlyFile(folder));
    assertEquals(4, records.size());
    for (Map<Integer, List<Object>> event : records) {
      assertEquals(NOON.getEpochSecond() + 0.5, Double.longBitsToDouble((long) one(event, 1)));
    }
    assertEquals("brain.Event:2", text(one(records.get(0), 3)));
    assertEquals(300L, one(records.get(1), 2));
    assertEquals(1L, one(message(one(records.get(1), 7)), 1), "a session starts");
    assertScalar(records.get(2), 310, "metrics/l0", 26.5f);
    assertScalar(records.get(3), 1L << 40, "losses/overall_loss", -0.25f);
  }

  private static void assertScalar(
      Map<Integer, List<Object>> event, long step, String tag, float scalar) {
    assertEquals(step, one(event, 2));
    Map<Integer, List<Object>> value = message(one(message(one(event, 5)), 1));
    assertEquals(tag, text(one(value, 1)));
    assertEquals(scalar, Float.intBitsToFloat((int) one(value, 2)));
  }

  @Test
  void everyFigureOfAStepHasATag() throws IOException {
    Words words = Words.of("The test", Map.of("site", "res.3", "steps", "9"));
    Plan plan = new Plan(Course.of(words), List.of(new Task("l9", Recipe.of(words))), Map.of());
    StepReport report = new StepReport(1, 2, 3, 4, 5, 6, 0.75, 7, false);
    StepMetrics metrics =
        new StepMetrics(
            "l9", 3, 12_288, 0.125, 8, OptionalLong.of(5), new Rates(7e-5, 1e-3), report);
    try (TensorBoard board = TensorBoard.open(folder, plan, 0, InstantSource.fixed(NOON))) {
      board.add(List.of(metrics));
    }
    Map<String, Float> scalars = new LinkedHashMap<>();
    Map<Integer, List<Object>> last = read(onlyFile(folder.resolve("tensorboard/l9"))).getLast();
    for (Object value : message(one(last, 5)).get(1)) {
      Map<Integer, List<Object>> fields = message(value);
      scalars.put(text(one(fields, 1)), Float.intBitsToFloat((int) one(fields, 2)));
    }
    assertEquals(15, scalars.size(), scalars::toString);
    assertEquals(1, scalars.get("losses/overall_loss"));
    assertEquals(4, scalars.get("metrics/l0"));
    assertEquals(0.875f, scalars.get("metrics/explained_variance"));
    assertEquals(8, scalars.get("sparsity/dead_features"));
    assertEquals(5, scalars.get("sparsity/resampled_features"));
    assertEquals(0.75f, scalars.get("thresholds/sparsity_share"));
    assertEquals(12_288, scalars.get("details/n_training_samples"));
  }

  @Test
  void aFolderThatCannotBeMadeIsASentence() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "in the way");
    TapscopeException e =
        assertThrows(
            TapscopeException.class,
            () -> EventFile.open(file.resolve("x"), 0, InstantSource.fixed(NOON)));
    assertEquals("file-unwritable", e.id());
  }

  private static Path onlyFile(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> all = files.toList();
      assertEquals(1, all.size());
      String name = all.getFirst().getFileName().toString();
      assertTrue(name.startsWith("events.out.tfevents.1767355200."), name);
      return all.getFirst();
    }
  }

  /** The records, their checksums checked; each as the fields of a message. */
  private static List<Map<Integer, List<Object>>> read(Path file) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    List<Map<Integer, List<Object>>> records = new ArrayList<>();
    while (bytes.hasRemaining()) {
      byte[] length = take(bytes, 8);
      assertEquals(masked(length), bytes.getInt());
      byte[] message =
          take(bytes, (int) ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getLong());
      assertEquals(masked(message), bytes.getInt());
      records.add(message(message));
    }
    return records;
  }

  /** Fields by number: numbers as {@code Long} or {@code Integer}, blocks as bytes. */
  private static Map<Integer, List<Object>> message(Object block) {
    ByteBuffer bytes = ByteBuffer.wrap((byte[]) block).order(ByteOrder.LITTLE_ENDIAN);
    Map<Integer, List<Object>> fields = new LinkedHashMap<>();
    while (bytes.hasRemaining()) {
      long key = varint(bytes);
      Object value =
          switch ((int) (key & 7)) {
            case 0 -> varint(bytes);
            case 1 -> bytes.getLong();
            case 2 -> take(bytes, (int) varint(bytes));
            case 5 -> bytes.getInt();
            default -> throw new AssertionError("wire type of key " + key);
          };
      fields.computeIfAbsent((int) (key >> 3), k -> new ArrayList<>()).add(value);
    }
    return fields;
  }

  private static Object one(Map<Integer, List<Object>> fields, int number) {
    assertEquals(1, fields.getOrDefault(number, List.of()).size(), "field " + number);
    return fields.get(number).getFirst();
  }

  private static String text(Object block) {
    return new String((byte[]) block, StandardCharsets.UTF_8);
  }

  private static byte[] take(ByteBuffer bytes, int count) {
    byte[] taken = new byte[count];
    bytes.get(taken);
    return taken;
  }

  private static long varint(ByteBuffer bytes) {
    long value = 0;
    for (int shift = 0; ; shift += 7) {
      byte next = bytes.get();
      value |= (next & 0x7fL) << shift;
      if (next >= 0) {
        return value;
      }
    }
  }

  private static int masked(byte[] bytes) {
    int crc = crc32c(bytes);
    return (crc >>> 15 | crc << 17) + 0xa282ead8;
  }

  /** Bit by bit, polynomial 0x1edc6f41 reflected. */
  private static int crc32c(byte[] bytes) {
    int crc = -1;
    for (byte b : bytes) {
      crc ^= b & 0xff;
      for (int bit = 0; bit < 8; bit++) {
        crc = crc >>> 1 ^ (crc & 1) * 0x82f63b78;
      }
    }
    return ~crc;
  }
}
