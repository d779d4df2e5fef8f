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
  @TempDir private Path folder;

  @Test
  void countsTokensButBosAndEos() throws IOException {
    RunFiles.writeSmallRun(folder);
    // What only views read does not matter here.
    Files.writeString(folder.resolve("features.jsonl"), "no JSON");
    FeatureStatistics all = FeatureStatistics.of(folder, "l9", 4, Set.of());
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

    FeatureStatistics withoutEos = FeatureStatistics.of(folder, "l9", 4, Set.of(11));
    assertEquals(2, withoutEos.tokens());
    assertEquals(3, withoutEos.meanNorm(), 1e-12);
    assertEquals(1, withoutEos.stats(Map.of()).max(1).orElseThrow());
    assertEquals("res.3", withoutEos.normSite(), "canonical, however it was asked for");
  }

  @Test
  void saysWhetherTheCorpusOrTheSiteIsEmpty() throws IOException {
    RunFiles.writeSmallRun(folder);
    assertEquals("stats-empty", refused("l9", 4, Set.of(10, 11, 12)));
    assertEquals("stats-site", refused("l8", 4, Set.of()));
    assertEquals("run-corrupt", refused("l9", 2, Set.of()));
    Files.delete(folder.resolve("features-00000.safetensors"));
    RunFiles.shard()
        .ints("tokens", 2, 10, 11)
        .longs("tokens.rows", 2, 0, 0, 0, 1, 0, 2)
        .bytes("tokens.generated", 0, 0, 1)
        .writeTo(folder.resolve("activations-00000.safetensors"));
    Files.delete(folder.resolve("activations-00001.safetensors"));
    assertEquals("stats-site", refused("l9", 4, Set.of()));
  }

  private String refused(String sae, int features, Set<Integer> ends) {
    return assertThrows(
            TapscopeException.class, () -> FeatureStatistics.of(folder, sae, features, ends))
        .id();
  }

  /** BOS and 7 tokens, then BOS and the next 7: a stride of window - 1 repeats no token. */
  @Test
  void readsALongDocumentInWindowsThatDoNotOverlap() throws IOException {
    Path config = folder.resolve("config.json");
    Files.writeString(config, "{\"max_position_embeddings\": 8, \"eos_token_id\": [1, 5]}");
    ModelFacts facts = ModelFacts.ofConfig(config);
    assertEquals(List.of("--window", "8", "--stride", "7"), facts.windowsOnce());
    assertEquals(Set.of(1, 5), facts.ends());
    Files.writeString(config, "{}");
    ModelFacts none = ModelFacts.ofConfig(config);
    assertEquals(
        "config-unreadable", assertThrows(TapscopeException.class, none::windowsOnce).id());
  }

  @Test
  void readsACorpusOfLinesOrObjects() throws IOException {
    Path target = folder.resolve("documents.jsonl");
    Path text = Files.writeString(folder.resolve("a.txt"), "one \"line\"\n\n  \ntwo\n");
    assertEquals(target, gather(text).file());
    assertEquals(
        List.of(
            "{\"text\":\"one \\\"line\\\"\",\"id\":\"a.txt:1\"}",
            "{\"text\":\"two\",\"id\":\"a.txt:4\"}"),
        Files.readAllLines(target));
    Path objects =
        Files.writeString(
            folder.resolve("a.jsonl"), "{\"ids\":[2,5],\"spans\":[1]}\n{\"text\":\"x\"}\n");
    assertEquals(2, gather(objects).count());
    assertEquals("{\"ids\":[2,5],\"id\":\"a.jsonl:1\"}", Files.readAllLines(target).getFirst());
  }

  private CorpusDocuments gather(Path file) {
    return CorpusDocuments.gather(Corpus.of(List.of(file)), folder);
  }

  @Test
  void namesTheLineThatIsNoDocument() throws IOException {
    assertTrue(fails("corpus-line", "{\"text\":\"x\"}\n{\"kind\":\"y\"}\n").contains("Line 2"));
    assertTrue(fails("corpus-line", "{\"text\":").contains("no JSON"));
    assertTrue(fails("corpus-empty", "\n").contains("holds no document"));
  }

  private String fails(String id, String content) throws IOException {
    Path corpus = Files.writeString(folder.resolve("bad.jsonl"), content);
    TapscopeException e = assertThrows(TapscopeException.class, () -> gather(corpus));
    assertEquals(id, e.id());
    return e.getMessage();
  }
}
