package dev.tapscope.recording;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.recording.FeatureTable.Firing;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RecordedRunTest {
  @TempDir private Path folder;

  @BeforeEach
  void write() throws IOException {
    RunFiles.writeSmallRun(folder);
  }

  @Test
  void joinsTheTokensOfAllShards() {
    assertEquals(
        List.of(
            new RecordedToken(0, 0, 2, "<bos>", false, true),
            new RecordedToken(0, 1, 10, " a", false, false),
            new RecordedToken(0, 2, 11, "b\n", true, false),
            new RecordedToken(1, 0, 2, "<bos>", false, true),
            new RecordedToken(1, 1, 12, "#12", false, false)),
        RecordedRun.open(folder).tokens());
  }

  @Test
  void joinsTheFeaturesOfAllShards() {
    assertEquals(
        List.of(
            new FeatureTable(
                "l9",
                List.of(
                    List.of(new Firing(0, 7), new Firing(3, 8)),
                    List.of(new Firing(1, 1)),
                    List.of(new Firing(1, 3), new Firing(2, 2)),
                    List.of(new Firing(0, 7)),
                    List.of()))),
        RecordedRun.open(folder).features());
  }

  @Test
  void readsWhatAKilledRunHadClosed() throws IOException {
    Files.delete(folder.resolve("run.json"));
    Files.delete(folder.resolve("features.jsonl"));
    Files.delete(folder.resolve("features-00001.safetensors"));
    RecordedRun run = RecordedRun.open(folder);
    assertEquals("running", run.state());
    assertFalse(run.complete());
    assertEquals("#10", run.tokens().get(1).text());
    assertEquals(List.of(), run.features().getFirst().rows().get(3));
  }

  @Test
  void isCompleteOnlyWhenItSaysSo() throws IOException {
    assertTrue(RecordedRun.open(folder).complete());
    for (String state : List.of("running", "failed", "interrupted")) {
      RunFiles.writeRunJson(folder, "\"state\":\"" + state + "\"");
      RecordedRun run = RecordedRun.open(folder);
      assertFalse(run.complete());
      assertEquals(state, run.state());
    }
  }

  @Test
  void leavesOutFeaturesWhoseTokensAKilledRunHadNotWritten() throws IOException {
    Files.delete(folder.resolve("activations-00001.safetensors"));
    assertTrue(fails("run-corrupt", folder).contains("where the run has no token"));
    RunFiles.writeRunJson(folder, "\"state\":\"running\"");
    RecordedRun run = RecordedRun.open(folder);
    assertEquals(3, run.tokens().size());
    assertEquals(2, run.droppedRows());
    assertEquals(3, run.features().getFirst().rows().size());
    assertEquals(List.of(new Firing(1, 1)), run.features().getFirst().rows().get(1));
  }

  @Test
  void takesTextsByIdFromTheReportFirst() throws IOException {
    RunFiles.writeRunJson(folder, "\"state\":\"complete\",\"texts\":{\"2\":\"<s>\",\"12\":\" c\"}");
    List<String> texts =
        RecordedRun.open(folder).tokens().stream().map(RecordedToken::text).toList();
    assertEquals(List.of("<s>", "#10", "#11", "<s>", " c"), texts);
  }

  @Test
  void saysWhatIsMissing() throws IOException {
    Path empty = Files.createDirectory(folder.resolve("empty"));
    assertTrue(fails("run-missing", empty).contains("neither run.json nor shards"));
    assertTrue(fails("run-missing", folder.resolve("none")).contains("does not exist"));
    Files.copy(folder.resolve("run.json"), empty.resolve("run.json"));
    assertTrue(fails("run-incomplete", empty).contains("holds no tokens"));
  }

  @Test
  void refusesAnotherFormat() throws IOException {
    Path shard = folder.resolve("activations-00001.safetensors");
    RunFiles.shard().metadata("format", "tapscope-run/2").ints("tokens").writeTo(shard);
    assertTrue(fails("run-format", folder).contains("tapscope-run/2"));
    Files.delete(shard);
    Files.writeString(folder.resolve("run.json"), "{\"format\":\"other\"}");
    assertTrue(fails("run-format", folder).contains("other"));
  }

  @Test
  void refusesShardsThatContradictThemselves() throws IOException {
    assertTrue(csr(new long[] {0, 2}, new int[] {0}, 1, 0, 2).contains("for rows 0 to 2"));
    assertTrue(csr(new long[] {1, 1}, new int[] {0}, 1, 0, 2).contains("for rows 1 to 1"));
    assertTrue(
        csr(new long[] {0, 2, 1}, new int[] {0}, 1, 0, 2, 1, 1, 2).contains("before it begins"));
    assertTrue(
        csr(new long[] {0, 1, 0, 1}, new int[] {0}, 1, 0, 2, 1, 1, 2, 1, 1, 2)
            .contains("row 1 of l9 ends before it begins"));
    assertTrue(csr(new long[] {0, 1}, new int[] {-1}, 1, 0, 2).contains("number -1"));
    assertTrue(csr(new long[] {0, 1}, new int[] {0}, 5, 0, 2).contains("position 0 of sequence 5"));
    assertTrue(csr(new long[] {0, 1}, new int[] {0, 1}, 1, 0, 2).contains("2 indices"));
    assertTrue(csr(new long[] {0, 1}, new int[] {0}, 1, 0).contains("1 row pointers"));
  }

  @Test
  void refusesTokensWithoutTheirRowsAndLinesThatAreNoJson() throws IOException {
    Files.writeString(folder.resolve("features.jsonl"), "{\"seq\":0,\"pos\":0}\n{broken\n");
    assertTrue(fails("run-corrupt", folder).contains("Line 2"));
    Files.writeString(folder.resolve("features.jsonl"), "{\"pos\":0}\n");
    assertTrue(fails("run-corrupt", folder).contains("no seq and pos"));
    Files.delete(folder.resolve("features.jsonl"));
    RunFiles.shard()
        .ints("tokens", 2, 12)
        .longs("tokens.rows", 2, 1, 0)
        .bytes("tokens.generated", 0, 0)
        .writeTo(folder.resolve("activations-00001.safetensors"));
    assertTrue(fails("run-corrupt", folder).contains("2 tokens have 2 row numbers"));
  }

  /** Replaces the last feature shard, whose values are all 7, and gives the sentence. */
  private String csr(long[] pointer, int[] index, long... rows) throws IOException {
    float[] values = new float[index.length];
    Arrays.fill(values, 7);
    RunFiles.shard()
        .longs("l9.indptr", 0, pointer)
        .ints("l9.index", index)
        .floats("l9.value", 0, values)
        .longs("l9.rows", 0, rows)
        .writeTo(folder.resolve("features-00001.safetensors"));
    return fails("run-corrupt", folder);
  }

  private static String fails(String id, Path folder) {
    TapscopeException e = assertThrows(TapscopeException.class, () -> RecordedRun.open(folder));
    assertEquals(id, e.id(), e.getMessage());
    return e.getMessage();
  }
}
