package dev.tapscope.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.fixtures.Fixtures;
import dev.tapscope.recording.RunFiles;
import dev.tapscope.recording.RunStream;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class EvalPartsTest {
  @TempDir private Path folder;

  @Test
  void meanLossIsOverTokensNotDocuments() {
    ScoredTokens score =
        ScoredTokens.of("{\"results\":[{\"losses\":[1,2,3]},{\"losses\":[10]}],\"settings\":{}}");
    assertEquals(4, score.tokens());
    assertEquals(4, score.mean());
  }

  @Test
  void whatIsNoScoreIsAnError() {
    for (String output : List.of("", "{}", "no JSON", "{\"results\":[{\"losses\":[\"NaN\"]}]}")) {
      TapscopeException e =
          assertThrows(TapscopeException.class, () -> ScoredTokens.of(output), output);
      assertEquals("score-unreadable", e.id());
    }
  }

  @Test
  void rowsOfAnSaeAreTheirOwnTargetWithoutBos() throws IOException {
    RunFiles.writeSmallRun(folder);
    List<float[]> rows = new ArrayList<>();
    read(
        "res.3",
        Set.of(),
        (x, y) -> {
          assertArrayEquals(x, y);
          rows.add(x.clone());
        });
    assertEquals(3, rows.size());
    assertArrayEquals(new float[] {3, 4}, rows.get(0));
    assertArrayEquals(new float[] {6, 8}, rows.get(1));
    assertArrayEquals(new float[] {0, 1}, rows.get(2));
    assertEquals("eval-site", refused("res.4", Set.of()));
    assertEquals("stats-empty", refused("res.3", Set.of(10, 11, 12)));
  }

  /** Positions are paired whatever the order in which the two sites were written. */
  @Test
  void rowsOfATranscoderArePaired() throws IOException {
    RunFiles.shard()
        .ints("tokens", 2, 10, 11)
        .longs("tokens.rows", 2, 0, 0, 0, 1, 0, 2)
        .bytes("tokens.generated", 0, 0, 0)
        .floats("mlp.5", 1, 7, 20, 10)
        .longs("mlp.5.rows", 3, 0, 0, 0, 0, 2, 0, 0, 1, 0)
        .floats("transcoder_in.5", 2, 9, 9, 1, 1, 2, 2)
        .longs("transcoder_in.5.rows", 3, 0, 0, 0, 0, 1, 0, 0, 2, 0)
        .writeTo(folder.resolve("activations-00000.safetensors"));
    RunFiles.writeRunJson(folder, "\"state\":\"complete\"");
    List<String> pairs = new ArrayList<>();
    read("transcoder_in.5>mlp.5", Set.of(), (x, y) -> pairs.add(x[0] + " " + y[0]));
    assertEquals(List.of("1.0 10.0", "2.0 20.0"), pairs);
    assertEquals("eval-site", refused("transcoder_in.5>mlp.4", Set.of()));
  }

  private void read(String address, Set<Integer> ends, BiConsumer<float[], float[]> reader) {
    RunStream run = RunStream.open(folder);
    SiteRows.read(
        run, new SaeSpec("l9", address, folder), CountedTokens.of(folder, run, ends), reader);
  }

  private String refused(String address, Set<Integer> ends) {
    return assertThrows(TapscopeException.class, () -> read(address, ends, (x, y) -> {})).id();
  }

  @Test
  void severalCorporaAreOne() throws IOException {
    Path text = Files.writeString(folder.resolve("a.txt"), "one\ntwo\n");
    Path lines = Files.writeString(folder.resolve("b.jsonl"), "{\"ids\":[2,5]}\n");
    CorpusDocuments documents = CorpusDocuments.gather(List.of(text, lines), folder);
    assertEquals(3, documents.count());
    assertEquals(3, Files.readAllLines(documents.file()).size());
  }

  @Test
  void twoSaesOfOneNameAreRefusedBeforeAnythingRuns() {
    String sae = Fixtures.resSae().toString();
    Typed typed =
        Typed.command(
            "eval",
            "--model",
            "/m",
            "--corpus",
            "/c.txt",
            "--sae",
            "a=res.3 " + sae,
            "--sae",
            "a=res.2 " + sae);
    assertEquals(2, typed.exit());
    assertTrue(typed.err().startsWith("tapscope: [sae-twice]"), typed::toString);
  }
}
