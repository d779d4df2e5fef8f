package dev.tapscope.folder;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.tap.JsonLines;
import dev.tapscope.tap.ShardSeries;
import dev.tapscope.tap.TapscopeException;
import dev.tapscope.testing.Json;
import dev.tapscope.testing.Shard;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunDirectoryTest {
  private static final long MEGABYTE = 1 << 20;

  @TempDir Path folder;

  @Test
  void everyTypeOfTensorReadsBack() {
    RunDirectory run = RunDirectory.create(folder.resolve("run"), false, MEGABYTE);
    ShardSeries series = run.shards("features", Map.of("site", "res"));
    series.begin();
    series.floats("x", "f32", new float[] {1, 2, 9}, 2);
    series.floats("x", "f32", new float[] {3, Float.NaN, 9}, 2);
    series.floats("half", "f16", new float[] {1, -2}, 2);
    series.floats("brain", "bf16", new float[] {1, -2}, 2);
    series.values("value", new float[] {5, 6, 7}, 2);
    series.ints("index", new int[] {-1, 4, 9}, 2);
    series.longs("rows", 1, 2, 1L << 40);
    series.pointer("indptr", 2);
    series.pointer("indptr", 0);
    series.pointer("indptr", 5);
    series.end();
    assertEquals(List.of(), run.closeFiles());

    Shard shard = Shard.read(folder.resolve("run/features-00000.safetensors"));
    assertEquals(Map.of("format", "tapscope-run/1", "site", "res"), shard.metadata());
    assertEquals(List.of(2L, 2L), shard.tensor("x").shape());
    assertArrayEquals(new float[] {1, 2, 3, Float.NaN}, shard.tensor("x").floats());
    assertEquals("F16", shard.tensor("half").dtype());
    assertArrayEquals(new short[] {0x3c00, (short) 0xc000}, shard.tensor("half").shorts());
    assertEquals("BF16", shard.tensor("brain").dtype());
    assertArrayEquals(new short[] {0x3f80, (short) 0xc000}, shard.tensor("brain").shorts());
    assertArrayEquals(new float[] {5, 6}, shard.tensor("value").floats());
    assertArrayEquals(new int[] {-1, 4}, shard.tensor("index").ints());
    assertEquals(List.of(1L, 3L), shard.tensor("rows").shape());
    assertArrayEquals(new long[] {1, 2, 1L << 40}, shard.tensor("rows").longs());
    assertArrayEquals(new long[] {0, 2, 2, 7}, shard.tensor("indptr").longs());
  }

  @Test
  void metadataIsInOrder() throws IOException {
    RunDirectory run = RunDirectory.create(folder.resolve("run"), false, MEGABYTE);
    Map<String, String> names = Map.of("site", "", "bos", "", "zero", "", "alpha", "", "mean", "");
    ShardSeries series = run.shards("features", names);
    series.begin();
    series.values("value", new float[] {5}, 1);
    series.end();
    assertEquals(List.of(), run.closeFiles());
    byte[] shard = Files.readAllBytes(folder.resolve("run/features-00000.safetensors"));
    String header = new String(shard, 8, shard.length - 8, StandardCharsets.ISO_8859_1);
    String metadata = header.substring(header.indexOf("__metadata__"), header.indexOf('}'));
    List<String> wanted = List.of("alpha", "bos", "format", "mean", "site", "zero");
    List<String> found = new ArrayList<>(wanted);
    found.sort(Comparator.comparingInt(name -> metadata.indexOf('"' + name + '"')));
    assertEquals(wanted, found, metadata);
  }

  @Test
  void aLongColumnIsWholeAcrossItsChunks() {
    RunDirectory run = RunDirectory.create(folder.resolve("run"), false, 64 * MEGABYTE);
    ShardSeries series = run.shards("activations", Map.of());
    int rows = 5000;
    int width = 251; // no chunk ends where a row does
    float[] row = new float[width];
    series.begin();
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < width; j++) {
        row[j] = i * width + j;
      }
      series.floats("x", "f32", row, width);
    }
    series.end();
    run.closeFiles();
    float[] read =
        Shard.read(folder.resolve("run/activations-00000.safetensors")).tensor("x").floats();
    assertEquals(rows * width, read.length);
    for (int i = 0; i < read.length; i++) {
      assertEquals((float) i, read[i]);
    }
  }

  @Test
  void aShardIsClosedAtItsSizeButNeverInsideAGroup() throws IOException {
    Path out = folder.resolve("run");
    RunDirectory run = RunDirectory.create(out, false, 100);
    ShardSeries series = run.shards("activations", Map.of());
    for (int group = 0; group < 3; group++) {
      series.begin();
      for (int i = 0; i < 20; i++) {
        series.ints("id", new int[] {100 * group + i}, 1);
        series.pointer("p", 1);
      }
      series.end();
      assertTrue(Files.exists(out.resolve("activations-0000" + group + ".safetensors")));
    }
    series.begin();
    series.ints("id", new int[] {7}, 1);
    series.end();
    assertFalse(Files.exists(out.resolve("activations-00003.safetensors")));
    run.closeFiles();
    List<Shard> shards = Shard.readAll(out, "activations");
    assertEquals(4, shards.size());
    assertEquals(20, shards.get(1).tensor("id").ints().length);
    assertEquals(100, shards.get(1).tensor("id").ints()[0]);
    assertEquals(21, shards.get(1).tensor("p").longs().length);
    assertEquals(0, shards.get(1).tensor("p").longs()[0]);
    assertArrayEquals(new int[] {7}, shards.get(3).tensor("id").ints());
    try (var files = Files.list(out)) {
      assertEquals(0, files.filter(f -> f.toString().endsWith(".tmp")).count());
    }
  }

  @Test
  void rowsOutsideAGroupAreRefused() {
    RunDirectory run = RunDirectory.create(folder.resolve("run"), false, MEGABYTE);
    ShardSeries series = run.shards("features", Map.of());
    assertThrows(IllegalStateException.class, () -> series.pointer("f", 1));
    series.begin();
    series.pointer("f", 1);
    series.end();
    run.closeFiles();
    assertThrows(IllegalStateException.class, series::begin);
  }

  @Test
  void oneTensorHasOneShape() {
    RunDirectory run = RunDirectory.create(folder.resolve("run"), false, MEGABYTE);
    ShardSeries series = run.shards("features", Map.of());
    series.begin();
    series.floats("x", "f32", new float[3], 3);
    assertError("row-width", () -> series.floats("x", "f32", new float[4], 4));
    assertError("row-width", () -> series.floats("x", "bf16", new float[3], 3));
    assertError("f16-overflow", () -> series.floats("y", "f16", new float[] {0, 1e6f}, 2));
    series.end();
  }

  @Test
  void linesAppearWhole() throws IOException {
    RunDirectory run = RunDirectory.create(folder.resolve("run"), false, MEGABYTE);
    JsonLines lines = run.lines("features.jsonl");
    lines.add(Map.of("text", "a\nb"));
    lines.add(Map.of("n", 2));
    Path file = folder.resolve("run/features.jsonl");
    assertFalse(Files.exists(file));
    assertEquals(List.of(), run.closeFiles());
    List<String> read = Files.readAllLines(file);
    assertEquals(2, read.size());
    assertEquals(Map.of("text", "a\nb"), Json.parse(read.get(0)));
    assertEquals(Map.of("n", 2L), Json.parse(read.get(1)));
    assertThrows(IllegalStateException.class, () -> lines.add(Map.of()));
    assertThrows(IllegalArgumentException.class, () -> run.lines("../x.jsonl"));
    assertThrows(IllegalArgumentException.class, () -> run.lines("run.json"));
    assertThrows(IllegalArgumentException.class, () -> run.shards("a/b", Map.of()));
  }

  @Test
  void theReportHoldsWhatWasDescribedButKeepsItsOwn() throws IOException {
    RunDirectory run = RunDirectory.create(folder.resolve("run"), false, MEGABYTE);
    Path file = folder.resolve("run/run.json");
    assertEquals(
        Map.of("format", "tapscope-run/1", "state", "running"), Json.parse(Files.readString(file)));
    run.describe("device", "cpu");
    run.describe("state", "mine");
    run.writeReport(Map.of("state", "complete", "seconds", Double.NaN));
    assertEquals(
        Map.of("format", "tapscope-run/1", "state", "complete", "seconds", "NaN", "device", "cpu"),
        Json.parse(Files.readString(file)));
    assertThrows(IllegalArgumentException.class, () -> run.describe("x", new Object()));
  }

  @Test
  void onlyARunIsEverReplaced() throws IOException {
    Path out = folder.resolve("run");
    RunDirectory.create(out, false, MEGABYTE);
    Path shard = Files.writeString(out.resolve("activations-00000.safetensors"), "old");
    assertError("out-exists", () -> RunDirectory.create(out, false, MEGABYTE));
    assertTrue(Files.exists(shard));

    RunDirectory failing = RunDirectory.create(out, true, MEGABYTE);
    assertFalse(Files.exists(shard));
    failing.abandon();
    assertEquals("old", Files.readString(shard));

    Path notes = Files.writeString(out.resolve("notes.txt"), "mine");
    assertError("out-exists", () -> RunDirectory.create(out, true, MEGABYTE));
    Files.delete(notes);
    RunDirectory.create(out, true, MEGABYTE).begin();
    assertFalse(Files.exists(shard));
    try (Stream<Path> left = Files.list(folder)) {
      assertEquals(List.of(out), left.toList());
    }

    Path foreign = Files.createDirectory(folder.resolve("thesis"));
    Files.writeString(foreign.resolve("run.json"), "{\"format\": \"other\"}");
    assertError("out-exists", () -> RunDirectory.create(foreign, true, MEGABYTE));
    assertTrue(Files.exists(foreign.resolve("run.json")));
    Path file = Files.writeString(folder.resolve("file"), "x");
    assertError("out-exists", () -> RunDirectory.create(file, true, MEGABYTE));
    assertTrue(Files.exists(file));
    Path link = Files.createSymbolicLink(folder.resolve("link"), out);
    assertError("out-exists", () -> RunDirectory.create(link, true, MEGABYTE));
    assertTrue(Files.exists(out.resolve("run.json")));
  }

  @Test
  void aFolderBelowAFileCannotBeWritten() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "x");
    assertError("out-unwritable", () -> RunDirectory.create(file.resolve("run"), false, MEGABYTE));
  }

  @Test
  void whatCannotBeWrittenIsToldAndTheRestIsKept() throws IOException {
    Path out = folder.resolve("run");
    RunDirectory run = RunDirectory.create(out, false, MEGABYTE);
    ShardSeries broken = run.shards("activations", Map.of());
    ShardSeries fine = run.shards("features", Map.of());
    for (ShardSeries series : List.of(broken, fine)) {
      series.begin();
      series.pointer("f", 1);
      series.end();
    }
    // A folder in the way of the temporary file stands for a disk that is full.
    Files.createDirectory(out.resolve("activations-00000.safetensors.tmp"));
    assertEquals(List.of("disk-write"), run.closeFiles().stream().map(p -> p.id()).toList());
    assertTrue(Files.exists(out.resolve("features-00000.safetensors")));
  }

  private static void assertError(String id, Runnable action) {
    assertEquals(id, assertThrows(TapscopeException.class, action::run).id());
  }
}
