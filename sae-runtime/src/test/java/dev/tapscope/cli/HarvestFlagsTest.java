package dev.tapscope.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HarvestFlagsTest {
  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({
    "model-missing, --capture res.3 --corpus c --out s",
    "model-missing, --model m --capture res.3 --corpus c --out s -- run {corpus}",
    "corpus-place, --capture res.3 --corpus c --out s -- run",
    "option-missing, --corpus c --out s -- run {corpus}",
    "option-missing, --capture res.3 --out s -- run {corpus}",
    "option-missing, --capture res.3 --corpus c -- run {corpus}",
    "share, --capture res.3 --corpus c --out s --shard 5/4 -- run {corpus}",
    "share, --capture res.3 --corpus c --out s --shard 0/4 -- run {corpus}",
    "share, --capture res.3 --corpus c --out s --shard 1/99999999999 -- run {corpus}",
    "dtype-unknown, --capture res.3 --corpus c --out s --dtype f64 -- run {corpus}",
    "keep-unknown, '--capture res.3 --corpus c --out s --keep bos,all -- run {corpus}'",
    "piece-size, --capture res.3 --corpus c --out s --documents-per-piece 0 -- run {corpus}",
    "usage, --capture res.3 --corpus c --out s --leave-out two -- run {corpus}",
    "usage, --capture res.3 --corpus c d --ouy s -- run {corpus}",
    "usage, --capture res.3 --corpus --out s -- run {corpus}",
    "usage, merge store",
    "usage, merge --out s",
    "usage, verify",
  })
  void refusesWhatCannotBeMeant(String id, String words) {
    Typed typed = Typed.command(("harvest " + words).split(" "));
    assertEquals(2, typed.exit(), typed::toString);
    assertTrue(typed.err().contains("tapscope: [" + id + "] "), typed::toString);
  }

  @Test
  void verifyAndMergeNameAFolderThatIsNoStore() {
    Typed verify = Typed.command("harvest", "verify", folder.toString());
    assertEquals(1, verify.exit());
    assertTrue(verify.err().contains("[store-missing]"), verify::toString);
    Typed merge = Typed.command("harvest", "merge", "--out", "s", folder.toString());
    assertTrue(merge.err().contains("[store-missing]"), merge::toString);
  }

  @Test
  void aCorpusIsReadBeforeAModelStarts() throws IOException {
    Path bad = Files.writeString(folder.resolve("bad.jsonl"), "{\"text\":\"x\"}\n{}\n");
    Typed typed =
        Typed.command(
            "harvest",
            "--capture",
            "res.3",
            "--corpus",
            bad.toString(),
            "--out",
            folder.resolve("s").toString(),
            "--",
            "run",
            "{corpus}");
    assertEquals(1, typed.exit());
    assertTrue(typed.err().contains("Line 2 of " + bad), typed::toString);
    assertTrue(Files.notExists(folder.resolve("s")));
  }

  /** A misspelt flag is no file, and what is said names it. */
  @Test
  void aCorpusIsAnyNumberOfFilesUpToTheNextFlag() {
    Typed misspelt = Typed.command("harvest", "--corpus", "a", "b", "--kepe", "bos");
    assertTrue(misspelt.err().contains("--kepe"), misspelt::toString);
    Typed none = Typed.command("harvest", "--corpus", "--out", "s");
    assertTrue(none.err().contains("--corpus takes one or more files, and --out"), none::toString);
    Typed all =
        Typed.command(
            "harvest --corpus a b --corpus=c --capture res.3 --out s -- run {corpus}".split(" "));
    assertTrue(all.err().contains("[corpus-unreadable] The corpus a "), all::toString);
  }

  @Test
  void readsSeveralFilesPlainOrCompressed() throws IOException {
    Path text = Files.writeString(folder.resolve("a.txt"), "one\n\ntwo\n");
    Path objects = compressed("b.jsonl.gz", "{\"id\":9,\"ids\":[2,5]}\n{\"text\":\"é\"}\n");
    Path hidden = compressed("c", "three");
    Corpus corpus = Corpus.of(List.of(text, objects, hidden));
    assertEquals(5, corpus.documents());
    assertEquals(
        List.of(2L, 2L, 1L), corpus.files().stream().map(file -> file.documents()).toList());
    assertEquals(Files.size(objects), corpus.files().get(1).bytes());
    Path target = folder.resolve("documents.jsonl");
    try (Documents documents = new Documents(corpus.paths())) {
      documents.skip(1);
      Corpus.Written written =
          Corpus.write(documents, 3, d -> d.file().getFileName() + ":" + d.line(), target);
      assertEquals(3, written.count());
      assertEquals(
          List.of(
              "{\"text\":\"two\",\"id\":\"a.txt:3\"}",
              "{\"ids\":[2,5],\"id\":\"b.jsonl.gz:1\"}",
              "{\"text\":\"é\",\"id\":\"b.jsonl.gz:2\"}"),
          Files.readAllLines(target));
      assertEquals("three", documents.next().orElseThrow().content().path("text").asString());
      assertTrue(documents.next().isEmpty());
    }
  }

  @Test
  void aTruncatedGzipIsNamed() throws IOException {
    Path whole = compressed("b.txt.gz", "a line\n".repeat(1000));
    Path half = folder.resolve("half.gz");
    byte[] bytes = Files.readAllBytes(whole);
    Files.write(half, Arrays.copyOf(bytes, bytes.length / 2));
    Typed typed =
        Typed.command(
            "harvest",
            "--capture",
            "res.3",
            "--corpus",
            half.toString(),
            "--out",
            "s",
            "--",
            "run",
            "{corpus}");
    assertTrue(typed.err().contains("[corpus-unreadable]"), typed::toString);
    assertTrue(typed.err().contains(half.toString()), typed::toString);
  }

  private Path compressed(String name, String content) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out = new GZIPOutputStream(bytes)) {
      out.write(content.getBytes(StandardCharsets.UTF_8));
    }
    return Files.write(folder.resolve(name), bytes.toByteArray());
  }
}
