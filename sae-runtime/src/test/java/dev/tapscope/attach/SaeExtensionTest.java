package dev.tapscope.attach;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.sae.SaeFiles;
import dev.tapscope.sae.SaeStats;
import dev.tapscope.tap.Extension;
import dev.tapscope.tap.Pass;
import dev.tapscope.tap.TapscopeException;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * An SAE small enough to follow by hand, with W_enc columns (1, 0), (0, 1), (2, -1), b_enc (0.5,
 * -1, 0), thresholds (1, 1, 3), W_dec rows (1, 0), (0, 1), (0.6, 0.8), b_dec (10, 20).
 */
final class SaeExtensionTest {
  private static final int BOS = 2;
  private static final Map<Integer, String> TEXTS = Map.of(BOS, "<bos>", 7, " Paris", 8, " is");
  private static final Pass PROMPT = new Pass(0, 0, 0, new int[] {BOS, 7, 8}, false, BOS);
  private static final Pass NEXT = new Pass(1, 0, 3, new int[] {7}, true, BOS);

  @TempDir Path folder;

  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final FakeRun run = new FakeRun(TEXTS);

  @BeforeEach
  void writeSae() throws Exception {
    Path sae = Files.createDirectories(folder.resolve("my sae"));
    new SaeFiles().npz(sae.resolve("params.npz"));
    float[] max = {2, 4, 8};
    SaeStats.of(max, max, max, Map.of("mean_norm", "30")).write(sae.resolve(SaeStats.FILE));
  }

  /**
   * z of (2, 4) is (2.5, 3, 0), so f = (2.5, 3, -). z of (2, -1) is (2.5, -2, 5), so f = (2.5, -,
   * 5) and xhat = (2.5 + 3 + 10, 4 + 20). BOS has the row (2, 4) too; the generated token has (2,
   * -1).
   */
  private static float[][] promptRows() {
    return new float[][] {{2, 4}, {2, 4}, {2, -1}};
  }

  private static float[][] nextRows() {
    return new float[][] {{2, -1}};
  }

  static Stream<Arguments> edits() {
    float[] same = {2, 4};
    float[] other = {2, -1};
    float[] xhatSame = {12.5f, 23};
    float[] xhatOther = {15.5f, 24};
    return Stream.of(
        // Steering adds strength times a decoder row, whether the feature is active or not.
        edit("steer a/0 5", same, row(7, 4), row(7, -1), row(7, -1)),
        edit("steer a/1 0.5x", same, row(2, 6), row(2, 1), row(2, 1)),
        edit("steer a/2 -0.5n", same, row(-7, -8), row(-7, -13), row(-7, -13)),
        edit("steer a/0 5 @all+bos", row(7, 4), row(7, 4), row(7, -1), row(7, -1)),
        edit("steer a/0 5 @prompt", same, row(7, 4), row(7, -1), other),
        edit("steer a/0 5 @generated", same, same, other, row(7, -1)),
        edit("steer a/0 5 @last", same, same, row(7, -1), other),
        edit("steer a/0 5 @1", same, row(7, 4), other, other),
        edit("steer a/0 5 @0", row(7, 4), same, other, other),
        edit("steer a/0 5 @0..1", same, row(7, 4), other, other),
        edit("steer a/0 5 @2..3", same, same, row(7, -1), row(7, -1)),
        edit("steer a/0 5 @token:\" Paris\"", same, row(7, 4), other, row(7, -1)),
        // Ablation takes f times the row away.
        edit("ablate a/0", same, row(-0.5f, 4), row(-0.5f, -1), row(-0.5f, -1)),
        edit("ablate a/1", same, row(2, 1), other, other),
        edit("ablate a/2", same, same, row(-1, -5), row(-1, -5)),
        edit("ablate a/2 @generated", same, same, other, row(-1, -5)),
        // Clamping moves f to the value: from 3 to 5, or from 0 to 5.
        edit("clamp a/1 5", same, row(2, 6), row(2, 4), row(2, 4)),
        edit("clamp-active a/1 5", same, row(2, 6), other, other),
        edit("clamp a/1 5 @last", same, same, row(2, 4), other),
        edit("clamp-active a/1 1x @1", same, row(2, 5), other, other),
        // Splicing puts the reconstruction in.
        edit("splice a", same, xhatSame, xhatOther, xhatOther),
        edit("splice a @all+bos", xhatSame, xhatSame, xhatOther, xhatOther),
        edit("splice a @prompt", same, xhatSame, xhatOther, other),
        edit("splice a error", same, same, other, other),
        edit("zero res.3", same, row(0, 0), row(0, 0), row(0, 0)),
        edit("zero res.3 @generated", same, same, other, row(0, 0)));
  }

  private static float[] row(float... row) {
    return row;
  }

  private static Arguments edit(String edit, float[]... rows) {
    return Arguments.of(edit, rows);
  }

  @ParameterizedTest
  @MethodSource("edits")
  void everyEditAtEveryScopeGivesTheRowsComputedByHand(String edit, float[][] wanted) {
    float[][][] rows = runWith(edit);
    for (int position = 0; position < 3; position++) {
      assertArrayEquals(wanted[position], rows[0][position], 1e-5f, "position " + position);
    }
    assertArrayEquals(wanted[3], rows[1][0], 1e-5f, "generated");
  }

  /** Every edit with every scope; the rows and the positions are worked out by hand. */
  static Stream<Arguments> editsTimesScopes() {
    Map<String, float[][]> rows =
        Map.of(
            "steer a/0 5", new float[][] {{7, 4}, {7, -1}},
            "ablate a/0", new float[][] {{-0.5f, 4}, {-0.5f, -1}},
            "ablate a/1", new float[][] {{2, 1}, {2, -1}},
            "clamp a/1 5", new float[][] {{2, 6}, {2, 4}},
            "clamp-active a/1 5", new float[][] {{2, 6}, {2, -1}},
            "splice a", new float[][] {{12.5f, 23}, {15.5f, 24}},
            "splice a error", new float[][] {{2, 4}, {2, -1}},
            "zero res.3", new float[][] {{0, 0}, {0, 0}});
    return rows.entrySet().stream()
        .flatMap(edit ->
            RowEditsTest.SCOPES.entrySet().stream()
                .map(scope ->
                    Arguments.of(
                        edit.getKey() + " " + scope.getKey(), edit.getValue(), scope.getValue())));
  }

  @ParameterizedTest
  @MethodSource("editsTimesScopes")
  void anEditChangesThePositionsOfItsScopeAndNoOther(
      String edit, float[][] edited, String covered) {
    float[][][] rows = runWith(edit);
    for (int position = 0; position < 4; position++) {
      boolean like24 = position < 2;
      float[] untouched = like24 ? row(2, 4) : row(2, -1);
      float[] wanted =
          covered.contains(Integer.toString(position)) ? edited[like24 ? 0 : 1] : untouched;
      float[] actual = position < 3 ? rows[0][position] : rows[1][0];
      assertArrayEquals(wanted, actual, 1e-5f, "position " + position);
    }
  }

  @Test
  void deltasOfOneSaeAddUpOverOneCleanEncoding() {
    // h + 5 (1, 0) - 3 (0, 1) at (2, 4): steering feature 0 does not change what ablation sees.
    float[][] prompt = runWith("steer a/0 5", "ablate a/1", "clamp a/0 2.5")[0];
    assertArrayEquals(row(7, 1), prompt[1], 1e-5f);
    assertArrayEquals(row(7, -1), prompt[2], 1e-5f);
  }

  @Test
  void aSplicedRowIsRebuiltFromTheEditedFeatures() {
    float[][] prompt = runWith("splice a", "steer a/1 4", "ablate a/0 @2")[0];
    // (12.5, 23) + 4 (0, 1); (15.5, 24) + 4 (0, 1) - 2.5 (1, 0).
    assertArrayEquals(row(12.5f, 27), prompt[1], 1e-5f);
    assertArrayEquals(row(13, 28), prompt[2], 1e-5f);
  }

  @Test
  void withTheErrorTermOnlyTheEditedFeaturesMove() {
    float[][] prompt = runWith("splice a error", "ablate a/1")[0];
    assertArrayEquals(row(2, 1), prompt[1], 1e-5f);
    assertArrayEquals(row(2, -1), prompt[2]);
  }

  @ParameterizedTest
  @CsvSource({
    "steer a/0 0",
    "steer a/0 0x",
    "splice a error",
    "clamp-active a/1 3",
    "ablate a/1 @2"
  })
  void whatChangesNothingWritesNothing(String edit) {
    runWith(edit);
    assertEquals(0, run.writes);
  }

  @Test
  void editsThatCancelWriteNothing() {
    runWith("steer a/0 5", "steer a/0 -5");
    assertEquals(0, run.writes);
  }

  @Test
  void editsThatOverflowAreAnError() {
    TapscopeException e =
        assertRefused("edit-nonfinite", () -> runWith("steer a/0 3e38", "steer a/0 3e38"));
    assertEquals(TapscopeException.CHECK, e.exit());
    assertEquals(0, run.writes);
  }

  @Test
  void staleStatisticsMatterOnlyToEditsThatCountInThem() {
    float[] two = {1, 2};
    SaeStats.of(two, two, two, Map.of()).write(folder.resolve("my sae").resolve(SaeStats.FILE));
    assertArrayEquals(row(7, 4), runWith("steer a/0 5")[0][1]);
    assertRefused("stats-mismatch", () -> runWith("steer a/0 5x"));
  }

  @Test
  void twoSaesAtOneSiteRunInOrderAndTheSecondSeesTheFirstsEdit() {
    install(Map.of("edit.1", "steer a/0 5 @1"), "a", "b");
    float[][] rows = promptRows();
    run.pass(PROMPT, "res.3", rows);
    assertEquals(List.of("res.3 SPLICE", "res.3 SPLICE"), run.attached());
    assertEquals(List.of(0L, 2L, 4L, 6L), run.shards.tensors.get("a.indptr"));
    // The row (7, 4): z = (7.5, 3, 10), all three active.
    assertEquals(List.of(0L, 2L, 5L, 7L), run.shards.tensors.get("b.indptr"));
  }

  @Test
  void zeroComesBeforeTheSaeSees() {
    runWith("zero res.3 @1");
    // z of (0, 0) is (0.5, -1, 0): nothing fires at position 1.
    assertEquals(List.of(0L, 2L, 2L, 4L, 6L), run.shards.tensors.get("a.indptr"));
  }

  @Test
  void twoZeroesOfOneAddressAreOneReplacer() {
    float[][][] rows = runWith("zero res.3 @1", "zero res.3 @generated");
    assertEquals(List.of("res.3 REPLACE", "res.3 SPLICE"), run.attached());
    assertArrayEquals(row(0, 0), rows[0][1]);
    assertArrayEquals(row(2, -1), rows[0][2]);
    assertArrayEquals(row(0, 0), rows[1][0]);
  }

  @Test
  void featuresAreWrittenAsSparseRowsAndAsLines() {
    runWith();
    assertEquals(List.of(0L, 2L, 4L, 6L, 8L), run.shards.tensors.get("a.indptr"));
    assertEquals(List.of(0, 1, 0, 1, 0, 2, 0, 2), run.shards.tensors.get("a.index"));
    assertEquals(
        List.of(2.5f, 3f, 2.5f, 3f, 2.5f, 5f, 2.5f, 5f), run.shards.tensors.get("a.value"));
    assertEquals(
        List.of(0L, 0L, 0L, 0L, 1L, 0L, 0L, 2L, 0L, 0L, 3L, 1L), run.shards.tensors.get("a.rows"));
    assertEquals(4, run.lines.size());
    assertEquals(true, run.lines.getFirst().get("bos"));
    assertEquals(
        "{seq=0, pos=2, id=8, token= is, name=a, features=[[2, 5.0], [0, 2.5]]}",
        run.lines.get(2).toString());
    assertTrue(run.shardMetadata.containsKey("bos"));
  }

  @Test
  void rowsMayComeInSeveralFires() {
    install(Map.of(), "a");
    run.begin(PROMPT);
    run.fire(PROMPT, "res.3", 1, new float[][] {{2, 4}, {2, -1}});
    run.fire(PROMPT, "res.3", 0, new float[][] {{2, 4}});
    run.end(PROMPT);
    assertEquals(List.of(0, 1, 0, 1, 0, 2), run.shards.tensors.get("a.index"));
  }

  @Test
  void rowsOfAPassThatFailedAreNotWritten() {
    install(Map.of(), "a");
    run.begin(PROMPT);
    run.fire(PROMPT, "res.3", 0, promptRows());
    Pass again = new Pass(1, 0, 3, new int[] {7}, false, BOS);
    run.pass(again, "res.3", nextRows());
    run.end(PROMPT); // nothing of it was kept
    run.close();
    assertEquals(List.of(0L, 3L, 1L), run.shards.tensors.get("a.rows"));
    assertEquals(1L, sae().get("tokens_without_bos"));
  }

  @Test
  void theRunIsDescribedWithFormulasAndSummariesWithoutBos() {
    runWith("steer a/0 0.5x @prompt", "zero att.1");
    assertEquals("a", sae().get("name"));
    assertEquals("res.3", sae().get("address"));
    assertEquals(3, sae().get("features"));
    assertEquals("gemma-scope", sae().get("format"));
    assertEquals(false, sae().get("folded"));
    assertEquals(3L, sae().get("tokens_without_bos"));
    assertEquals(2.0, sae().get("l0"));
    // Errors (2, 4) - (12.5, 23) and twice (2, -1) - (15.5, 24), squares 471.25 and 807.25;
    // rows 20, 5 and 5.
    assertEquals(Math.sqrt((471.25 + 2 * 807.25) / 30), (double) sae().get("relative_error"), 1e-6);
    List<?> edits = (List<?>) run.described.get("edits");
    assertEquals(
        "[{key=edit.1, edit=steer a/0 0.5x @prompt, address=res.3, scope=prompt, value=1.0,"
            + " formula=h += 1 * W_dec[0] at res.3 on the prompt without BOS (0.5 times the"
            + " feature's maximum 2), rows=2},"
            + " {key=edit.2, edit=zero att.1, address=att.1, scope=all,"
            + " formula=h := 0 at att.1 on every position but BOS, rows=0}]",
        edits.toString());
    assertEquals("cpu", run.described.get("device"));
    String said = err.toString(StandardCharsets.UTF_8);
    assertTrue(said.contains("tapscope: edit.1: h += 1 * W_dec[0] at res.3"), said);
    assertTrue(said.contains("edit.2 changed nothing"), said);
    assertFalse(said.contains("edit.1 changed nothing"), said);
  }

  @Test
  void aTranscoderReadsAtOneSiteAndWritesAtAnother() {
    installTranscoder("steer t/0 5 @1", "ablate t/2 @2");
    float[][] in = promptRows();
    float[][] out = {{1, 1}, {1, 1}, {1, 1}};
    run.begin(PROMPT);
    run.fire(PROMPT, "transcoder_in.5", 0, in);
    run.fire(PROMPT, "mlp.5", 0, out);
    run.end(PROMPT);
    run.close();
    assertArrayEquals(promptRows()[1], in[1]);
    assertArrayEquals(row(1, 1), out[0]);
    assertArrayEquals(row(6, 1), out[1], 1e-5f);
    assertArrayEquals(row(1 - 3, 1 - 4), out[2], 1e-5f);
    assertEquals("transcoder_in.5>mlp.5", sae().get("address"));
    // Against the output: (1, 1) - (12.5, 23) and (1, 1) - (15.5, 24).
    assertEquals(
        Math.sqrt((11.5 * 11.5 + 22 * 22 + 14.5 * 14.5 + 23 * 23) / 4),
        (double) sae().get("relative_error"),
        1e-6);
  }

  /** Norms recorded without their site are those of the site it reads. */
  @Test
  void aTranscoderCountsInNormsOfWhereItWrites() {
    assertRefused("stats-missing", () -> installTranscoder("steer t/0 0.5n"));
    float[] max = {2, 4, 8};
    SaeStats.of(max, max, max, Map.of("mean_norm", "40", "mean_norm_site", "mlp.5"))
        .write(folder.resolve("my sae").resolve(SaeStats.FILE));
    installTranscoder("steer t/0 0.5n");
    float[][] out = {{1, 1}, {1, 1}, {1, 1}};
    run.begin(PROMPT);
    run.fire(PROMPT, "transcoder_in.5", 0, promptRows());
    run.fire(PROMPT, "mlp.5", 0, out);
    assertArrayEquals(row(21, 1), out[1]);
  }

  @Test
  void aSplicedTranscoderReplacesItsOutput() {
    installTranscoder("splice t");
    float[][] out = {{1, 1}, {1, 1}, {1, 1}};
    run.begin(PROMPT);
    run.fire(PROMPT, "transcoder_in.5", 0, promptRows());
    run.fire(PROMPT, "mlp.5", 0, out);
    assertArrayEquals(row(12.5f, 23), out[1]);
    assertArrayEquals(row(15.5f, 24), out[2], 1e-5f);
  }

  @Test
  void aTranscodersMissingHalfIsAnError() {
    installTranscoder();
    run.begin(PROMPT);
    assertRefused("transcoder-pair", () -> run.fire(PROMPT, "mlp.5", 0, new float[][] {{1, 1}}));
    run.fire(PROMPT, "transcoder_in.5", 0, promptRows());
    run.fire(PROMPT, "mlp.5", 0, new float[][] {{1, 1}});
    TapscopeException e = assertRefused("transcoder-pair", () -> run.end(PROMPT));
    assertTrue(e.getMessage().contains("did not show 2"), e.getMessage());
  }

  @Test
  void anSaeMustFitItsSite() {
    install(Map.of(), "a");
    run.begin(PROMPT);
    TapscopeException e =
        assertRefused("sae-width", () -> run.fire(PROMPT, "res.3", 0, new float[][] {{1, 2, 3}}));
    assertEquals(TapscopeException.CHECK, e.exit());
    assertTrue(e.getMessage().contains("rows of 2 values, and the rows at res.3 have 3"));
  }

  @Test
  void anAttentionSiteHasNoSae() {
    newExtension().install(run, Map.of("sae.a", "pattern.3 " + folder.resolve("my sae")));
    assertRefused("sae-width", () -> run.fire(PROMPT, "pattern.3", 0, new float[][] {{1, 0}}));
  }

  @Test
  void aRowThatIsNoNumberIsAnError() {
    install(Map.of(), "a");
    assertRefused(
        "activation-nonfinite", () -> run.fire(PROMPT, "res.3", 0, new float[][] {{1, Float.NaN}}));
  }

  @ParameterizedTest
  @CsvSource({
    "edit.1, steer b/0 5, edit-sae",
    "edit.1, splice b, edit-sae",
    "edit.1, steer a/3 5, edit-feature",
    "edit.1, steer a/0 5 @lats, edit-syntax",
    "sae.b, res.3, sae-option",
    "sae.b, res.* /x, sae-option",
    "sae.b, res.0-5 /x, sae-option",
    "sae.b, res.1+res.2 /x, sae-option",
    "sae.b, a.1>b.1>c.1 /x, sae-option",
    "sae.b, a.1> /x, sae-option",
    "sae.b/c, res.3 /x, sae-option",
    "sae.b, res.3 /no/such/folder, sae-missing",
    "device, gpu, device-unknown",
    "sea.b, res.3 /x, option-unknown"
  })
  void optionsThatCannotBeFollowed(String key, String value, String id) {
    assertRefused(id, () -> install(Map.of(key, value), "a"));
  }

  @Test
  void withoutOptionsNothingIsAttached() {
    newExtension().install(run, Map.of("device", "auto"));
    assertEquals(List.of(), run.attached());
    run.close();
    assertEquals(Map.of(), run.described);
  }

  @Test
  void theAgentFindsTheExtension() {
    List<Class<?>> found =
        ServiceLoader.load(Extension.class).stream()
            .<Class<?>>map(ServiceLoader.Provider::type)
            .toList();
    assertEquals(List.of(SaeExtension.class), found);
  }

  private float[][][] runWith(String... edits) {
    Map<String, String> options = new LinkedHashMap<>();
    for (int i = 0; i < edits.length; i++) {
      options.put("edit." + (i + 1), edits[i]);
    }
    install(options, "a");
    float[][] prompt = promptRows();
    float[][] next = nextRows();
    run.pass(PROMPT, "res.3", prompt);
    run.pass(NEXT, "res.3", next);
    run.close();
    return new float[][][] {prompt, next};
  }

  private void installTranscoder(String... edits) {
    Map<String, String> options = new LinkedHashMap<>();
    options.put("device", "cpu");
    options.put("sae.t", "transcoder_in.5>mlp.5 " + folder.resolve("my sae"));
    for (int i = 0; i < edits.length; i++) {
      options.put("edit." + (i + 1), edits[i]);
    }
    newExtension().install(run, options);
  }

  private void install(Map<String, String> more, String... saes) {
    Map<String, String> options = new LinkedHashMap<>();
    options.put("device", "cpu");
    for (String sae : saes) {
      options.put("sae." + sae, "res.3 " + folder.resolve("my sae"));
    }
    options.putAll(more);
    newExtension().install(run, options);
  }

  private SaeExtension newExtension() {
    return new SaeExtension(new PrintStream(err, true, StandardCharsets.UTF_8));
  }

  private Map<?, ?> sae() {
    return (Map<?, ?>) ((List<?>) run.described.get("saes")).getFirst();
  }

  private static TapscopeException assertRefused(String id, Runnable work) {
    TapscopeException e = assertThrows(TapscopeException.class, work::run);
    assertEquals(id, e.id(), e.getMessage());
    return e;
  }
}
