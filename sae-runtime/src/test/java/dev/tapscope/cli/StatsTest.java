package dev.tapscope.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.recording.RunFiles;
import dev.tapscope.sae.SaeStats;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StatsTest {
  private static final SaeSpec SAE = new SaeSpec("l9", "res.3", Path.of("sae"));

  @TempDir private Path folder;

  @Test
  void countsTokensButBosAndEos() throws IOException {
    RunFiles.writeSmallRun(folder);
    FeatureStatistics all = FeatureStatistics.of(folder, SAE, 4, Set.of());
    // Three words: 1 at 1, then 1 at 3 and 2 at 2, then nothing; norms 5, 10 and 1.
    assertEquals(3, all.tokens());
    assertEquals(16 / 3.0, all.meanNorm(), 1e-12);
    assertEquals(1, all.l0());
    assertEquals(2, all.alive());
    assertEquals(2, all.denserThan(1 / 4.0));
    SaeStats stats = all.stats(Map.of());
    assertEquals(3, stats.max(1).orElseThrow());
    assertEquals(2, stats.meanActive(1).orElseThrow());
    assertEquals(2 / 3.0, stats.density(1).orElseThrow(), 1e-7);
    assertEquals(0, stats.max(3).orElseThrow(), "feature 3 fires at BOS alone");

    FeatureStatistics withoutEos = FeatureStatistics.of(folder, SAE, 4, Set.of(11));
    assertEquals(2, withoutEos.tokens());
    assertEquals(3, withoutEos.meanNorm(), 1e-12);
    assertEquals(1, withoutEos.stats(Map.of()).max(1).orElseThrow());
  }

  @Test
  void readsACorpusOfLinesOrObjects() throws IOException {
    Path target = folder.resolve("documents.jsonl");
    Path text = Files.writeString(folder.resolve("a.txt"), "one \"line\"\n\n  \ntwo\n");
    assertEquals(2, Corpus.write(text, target));
    assertEquals(
        List.of(
            "{\"text\":\"one \\\"line\\\"\",\"id\":\"line 1\"}",
            "{\"text\":\"two\",\"id\":\"line 4\"}"),
        Files.readAllLines(target));
    Path objects =
        Files.writeString(
            folder.resolve("a.jsonl"), "{\"ids\":[2,5],\"spans\":[1]}\n{\"text\":\"x\"}\n");
    assertEquals(2, Corpus.write(objects, target));
    assertEquals("{\"ids\":[2,5],\"id\":\"line 1\"}", Files.readAllLines(target).getFirst());
  }

  @Test
  void namesTheLineThatIsNoDocument() throws IOException {
    assertTrue(fails("corpus-line", "{\"text\":\"x\"}\n{\"kind\":\"y\"}\n").contains("Line 2"));
    assertTrue(fails("corpus-line", "{\"text\":").contains("no JSON"));
    assertTrue(fails("corpus-empty", "\n").contains("holds no document"));
  }

  private String fails(String id, String content) throws IOException {
    Path corpus = Files.writeString(folder.resolve("bad.jsonl"), content);
    TapscopeException e =
        assertThrows(
            TapscopeException.class, () -> Corpus.write(corpus, folder.resolve("documents.jsonl")));
    assertEquals(id, e.id());
    return e.getMessage();
  }
}
