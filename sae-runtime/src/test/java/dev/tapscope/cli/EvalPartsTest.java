package dev.tapscope.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.fixtures.Fixtures;
import dev.tapscope.live.Kept;
import dev.tapscope.live.LivePass;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class EvalPartsTest {
  private static final Kept WITHOUT_BOS = new Kept(false, Set.of());

  @TempDir private Path folder;

  /** "BOS a b" at two sites: {@code res.3} of two values, {@code mlp.5} of one. */
  private static LivePass pass(boolean generated, double... losses) {
    return new LivePass(
        0,
        0,
        new int[] {2, 10, 11},
        generated,
        2,
        new TreeMap<>(
            Map.of("res.3", new float[] {9, 9, 3, 4, 6, 8}, "mlp.5", new float[] {7, 10, 20})),
        losses);
  }

  @Test
  void meanLossIsOverTokensNotDocuments() {
    TextLoss loss = new TextLoss();
    assertEquals(
        "loss-empty", assertThrows(TapscopeException.class, loss::mean).id(), "of nothing");
    loss.add(pass(false, 1, 2, 3));
    loss.add(pass(false, 10));
    assertEquals(4, loss.tokens());
    assertEquals(4, loss.mean());
  }

  @Test
  void rowsOfAnSaeAreTheirOwnTargetWithoutBos() {
    assertEquals(
        List.of("[3.0, 4.0] [3.0, 4.0]", "[6.0, 8.0] [6.0, 8.0]"),
        rows(pass(false), "res.3", WITHOUT_BOS));
    assertEquals(
        List.of("[3.0, 4.0] [3.0, 4.0]"), rows(pass(false), "res.3", new Kept(false, Set.of(11))));
    assertEquals(List.of(), rows(pass(true), "res.3", WITHOUT_BOS), "what it wrote itself");
    assertEquals("eval-site", refused("res.4"));
  }

  @Test
  void rowsOfATranscoderArePaired() {
    assertEquals(
        List.of("[3.0, 4.0] [10.0]", "[6.0, 8.0] [20.0]"),
        rows(pass(false), "res.3>mlp.5", WITHOUT_BOS));
    assertEquals("eval-site", refused("res.3>mlp.4"));
  }

  private List<String> rows(LivePass pass, String address, Kept counted) {
    List<String> rows = new ArrayList<>();
    SiteRows.read(
        pass,
        new SaeSpec("l9", address, folder),
        counted,
        (x, y) -> rows.add(Arrays.toString(x) + " " + Arrays.toString(y)));
    return rows;
  }

  private String refused(String address) {
    return assertThrows(TapscopeException.class, () -> rows(pass(false), address, WITHOUT_BOS))
        .id();
  }

  @Test
  void severalCorporaAreOne() throws IOException {
    Path text = Files.writeString(folder.resolve("a.txt"), "one\ntwo\n");
    Path lines = Files.writeString(folder.resolve("b.jsonl"), "{\"ids\":[2,5]}\n");
    CorpusDocuments documents = CorpusDocuments.gather(Corpus.of(List.of(text, lines)), folder);
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

  @Test
  void theEndTokenIsAskedOfTheSampleAlone() {
    Typed typed =
        Typed.command(
            "eval", "--eos", "--corpus", "/c.txt", "--sae", "a=res.3 /p", "--", "run", "{corpus}");
    assertEquals(2, typed.exit());
    assertTrue(typed.err().startsWith("tapscope: [eos-unreachable]"), typed::toString);
  }
}
